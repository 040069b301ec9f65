import { randomUUID } from 'node:crypto'
import type { Owner, Room, RoomEvent } from './messages.ts'

/** Someone who follows a room. */
export interface Watcher {
  next(event: RoomEvent): void
  /** The room is gone. */
  end(): void
}

/** The rooms of this process. */
export interface Rooms {
  open(name: string, owner: Owner): Room
  find(roomId: string): Room | undefined
  /** Closes a room for those who watch it; says whether there was one. */
  remove(roomId: string): boolean
  /** Follows a room from now on; the answer stops it. */
  watch(roomId: string, watcher: Watcher): () => void
  /** Tells everyone who watches the room. */
  tell(roomId: string, event: RoomEvent): void
  /** Closes all rooms. */
  close(): void
}

interface OpenRoom {
  readonly room: Room
  readonly watchers: Set<Watcher>
}

/** Makes the rooms, in memory: what happens here is authentication, not chat history. */
export function makeRooms(): Rooms {
  const byId = new Map<string, OpenRoom>()
  const remove = (roomId: string): boolean => {
    for (const watcher of byId.get(roomId)?.watchers ?? []) watcher.end()
    return byId.delete(roomId)
  }
  return {
    open(name, owner) {
      const room = { roomId: randomUUID(), name, owner }
      byId.set(room.roomId, { room, watchers: new Set() })
      return room
    },
    find: (roomId) => byId.get(roomId)?.room,
    remove,
    watch(roomId, watcher) {
      const watchers = byId.get(roomId)?.watchers
      watchers?.add(watcher)
      return () => watchers?.delete(watcher)
    },
    tell(roomId, event) {
      for (const watcher of byId.get(roomId)?.watchers ?? []) watcher.next(event)
    },
    close() {
      for (const roomId of byId.keys()) remove(roomId)
    },
  }
}

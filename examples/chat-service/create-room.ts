import type { Auth } from '@immersiverse/auth-client'
import { UserStatus } from '@immersiverse/auth-contract'
import type { Rooms } from './make-rooms.ts'
import type { Room } from './messages.ts'

/** What opening a room needs. */
export interface ChatParts {
  readonly auth: Pick<Auth, 'principal' | 'users'>
  readonly rooms: Rooms
}

/**
 * Opens a room for the caller of the request at hand, with the nickname and status that the authentication service has of them now.
 * Rejects with RpcError where it cannot say.
 */
export async function createRoom({ auth, rooms }: ChatParts, name: string): Promise<Room> {
  const { userId } = auth.principal()
  const user = await auth.users.get(userId)
  return rooms.open(name, { userId, nickname: user.displayName, status: UserStatus[user.status] })
}

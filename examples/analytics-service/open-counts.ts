import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EventInfo, PositionStore } from '@immersiverse/auth-client'

/** What is counted, in all and by day (UTC). */
export type CountedEvent = 'signUps' | 'logins' | 'failedLogins' | 'deletions'

/** Numbers of events. */
export type Counts = Record<CountedEvent, number>

/** The counts, as `GET /stats` answers them. */
export interface Stats {
  readonly total: Counts
  /** By day, such as `2026-11-22`, of the last 90 that saw events. */
  readonly days: Readonly<Record<string, Counts>>
}

/** Counts that survive a crash at any moment without losing an event or counting one twice. */
export interface CountsStore {
  /** Counts an event unless it was counted; resolves when that is on disk. */
  count(event: CountedEvent, info: EventInfo): Promise<void>
  stats(): Stats
  /** How far WatchEvents was read, as the client says; with Kafka it is not used. */
  readonly position: PositionStore
}

interface Kept {
  total: Counts
  days: Record<string, Counts>
  /** Ids of the events counted last, the newest at the end. */
  recent: string[]
  /** WatchEvents: all events up to here are counted. */
  position: string
}

const daysKept = 90
/**
 * More than can be delivered again. Ids and not offsets: users are handled side by side, so an event may be counted after a later one of its
 * partition, and "not above the last offset" would drop it.
 */
const recentMax = 2000

/**
 * Opens the counts in a file of `folder`, which is made. Counts and what they were made of are one file, written beside it and moved into its
 * place: that is what makes an event delivered twice count once. One process may have it open.
 */
export async function openCounts(folder: string): Promise<CountsStore> {
  await mkdir(resolve(folder), { recursive: true })
  const file = join(folder, 'counts.json')
  let kept = await readKept(file)
  let last: Promise<unknown> = Promise.resolve()
  /** Changes a copy, writes it, and only then lets it be seen; one after the other. False: nothing to change. */
  const change = (work: (next: Kept) => boolean): Promise<void> => {
    const changed = last.then(async () => {
      const next = structuredClone(kept)
      if (!work(next)) return
      await write(file, next)
      kept = next
    })
    last = changed.catch(() => undefined)
    return changed
  }
  return {
    count: (event, info) =>
      change((next) => {
        if (!advance(next, info)) return false
        add(next, event, info.time)
        return true
      }),
    stats: () => ({ total: kept.total, days: kept.days }),
    position: {
      load: () => kept.position || undefined,
      save: (position) =>
        change((next) => {
          if (position === next.position) return false
          next.position = position
          return true
        }),
    },
  }
}

/** Notes that the event is counted; false where it was before. */
function advance({ recent }: Kept, { eventId }: EventInfo): boolean {
  if (recent.includes(eventId)) return false
  recent.push(eventId)
  recent.splice(0, recent.length - recentMax)
  return true
}

function add(kept: Kept, event: CountedEvent, time: Date): void {
  const day = time.toISOString().slice(0, 10)
  kept.days[day] ??= none()
  kept.total[event] += 1
  kept.days[day][event] += 1
  for (const old of Object.keys(kept.days).sort().slice(0, -daysKept)) delete kept.days[old]
}

function none(): Counts {
  return { signUps: 0, logins: 0, failedLogins: 0, deletions: 0 }
}

async function readKept(file: string): Promise<Kept> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { total: none(), days: {}, recent: [], position: '' }
    }
    throw error
  }
}

async function write(file: string, kept: Kept): Promise<void> {
  await writeFile(`${file}.next`, JSON.stringify(kept), { flush: true })
  await rename(`${file}.next`, file)
}

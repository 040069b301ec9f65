import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { NewRevocation, Revocation } from '../domain/revocation.ts'
import type { Database } from '../store/database.ts'
import { settleEpoch } from '../store/epoch.ts'
import { origin, testInstallation, testWriteOptions, until } from '../store/outbox-testing.ts'
import { makeWrite } from '../store/write.ts'
import { makeRevocationFollower } from './revocation-follower.ts'
import { openRevocationLane, type RevocationLane, type RevocationLaneOptions } from './revocation-lane.ts'
import type { RevocationSink } from './revocation-sink.ts'
import { silentLog, wallClock } from './testing.ts'
import { makeWatchRevocations, type WatchedRevocation, type WatchRevocations } from './watch-revocations.ts'

/** The part of one replica that has to do with revocations. */
export interface TestReplica {
  readonly watch: WatchRevocations
  /** Starts the lane, closed after the test. */
  openLane(options?: Partial<RevocationLaneOptions>): RevocationLane
  /** Revokes in a transaction of its own; `before` runs in it when the entries are written. */
  revoke(entries: readonly NewRevocation[], before?: () => Promise<void>): Promise<readonly Revocation[]>
}

/** A replica on a database that is migrated. */
export async function openTestReplica(t: TestContext, database: Database): Promise<TestReplica> {
  await database.transaction((trx) => settleEpoch(trx, testInstallation))
  const follower = makeRevocationFollower(database, wallClock)
  let lane: RevocationLane | undefined
  const onRevoked = () => lane?.wake()
  const write = makeWrite({ ...testWriteOptions, database, onRevoked })
  return {
    watch: makeWatchRevocations({ database, follower }),
    openLane(options) {
      const parts = { database, installation: testInstallation, clock: wallClock, log: silentLog }
      lane = openRevocationLane({ ...parts, random: Math.random, onNumbered: follower.wake, ...options })
      const { close } = lane
      t.after(() => close.call(lane))
      return lane
    },
    revoke: (entries, before) =>
      write(origin, async (_trx, _announce, revoke) => {
        const mark = await revoke(...entries)
        await before?.()
        return mark.entries
      }),
  }
}

/** A sink in memory that fails or waits as told. */
export interface MemoryRevocationSink extends RevocationSink {
  /** What it has acknowledged, in order. */
  readonly published: WatchedRevocation[]
  /** Numbers of the revocations among them. */
  readonly numbers: readonly number[]
  readonly heartbeats: readonly NonNullable<WatchedRevocation['heartbeat']>[]
  fails: boolean
  /** Waited for before every acknowledgement. */
  gate: Promise<void>
}

/** Makes a sink in memory. */
export function makeMemoryRevocationSink(): MemoryRevocationSink {
  const published: WatchedRevocation[] = []
  return {
    published,
    get numbers() {
      return published.flatMap(({ revocation }) => revocation?.rseq ?? [])
    },
    get heartbeats() {
      return published.flatMap(({ heartbeat }) => heartbeat ?? [])
    },
    fails: false,
    gate: Promise.resolve(),
    async publish(records) {
      await this.gate
      if (this.fails) throw new Error('the sink is down')
      published.push(...records)
    },
    close: async () => undefined,
  }
}

/** A revoked session. */
export function toSessionEntry(subject: string = randomUUID()): NewRevocation {
  return { type: 'SESSION', subject, reason: 'LOGOUT' }
}

/** A watch that is read as fast as it gives. */
export interface OpenWatch {
  readonly items: readonly WatchedRevocation[]
  /** The revocations among them. */
  readonly revocations: readonly Revocation[]
  /** The heartbeats among them. */
  readonly heartbeats: readonly NonNullable<WatchedRevocation['heartbeat']>[]
  /** Settles when the stream ends, with the reason where it was refused. */
  readonly ended: Promise<string | undefined>
  /** Resolves with a heartbeat that began after the call. */
  nextHeartbeat(): Promise<NonNullable<WatchedRevocation['heartbeat']>>
}

/** Watches until the test ends or `abort` does. */
export function openTestWatch(
  t: TestContext,
  watch: WatchRevocations,
  from: Parameters<WatchRevocations>[0] = { epoch: '', afterRseq: 0 },
  abort = new AbortController(),
): OpenWatch {
  t.after(() => abort.abort())
  const items: WatchedRevocation[] = []
  const read = async (): Promise<string | undefined> => {
    try {
      for await (const item of watch(from, abort.signal)) items.push(item)
      return undefined
    } catch (error) {
      return (error as { reason?: string }).reason ?? String(error)
    }
  }
  const opened = {
    items,
    get revocations() {
      return items.flatMap(({ revocation }) => revocation ?? [])
    },
    get heartbeats() {
      return items.flatMap(({ heartbeat }) => heartbeat ?? [])
    },
    ended: read(),
    async nextHeartbeat() {
      const calledAt = Date.now()
      const find = () => opened.heartbeats.find(({ asOf }) => asOf.getTime() >= calledAt)
      await until(() => find() !== undefined)
      return find() as NonNullable<WatchedRevocation['heartbeat']>
    },
  }
  return opened
}

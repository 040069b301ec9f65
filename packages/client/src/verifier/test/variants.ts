import type { Freshness } from '../make-freshness.ts'
import { makeRevocationView, type RevocationView } from '../make-revocation-view.ts'
import type { Heartbeat, Revocation, RevocationEntry, RevocationSource } from '../revocation.ts'
import type { AuthWorld } from './auth-world.ts'
import type { Variant } from './simulate-client.ts'

/** Clients that are known to be wrong (protocols §2): the simulation is worth something if it finds all of them out. */
export const variants: Readonly<Record<string, Variant>> = {
  'lag 0 as freshness': { freshness: neverStale },
  '`latest` reset': { source: (source, world) => ({ ...source, watch: watchLatest(source, world) }) },
  'snapshot before subscribe': { source: snapshotFirst },
  'wall clock only': {
    clock: (clock) => ({
      monotonicMs: () => clock.wallMs(),
      wallMs: () => clock.wallMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    }),
  },
  'monotonic clock only': {
    clock: (clock) => ({
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.monotonicMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    }),
  },
  'evicting cache for R': { view: evict },
  'skipping poison': {
    world: (world) => {
      world.readPoison = toHarmless
    },
  },
  'heartbeats of any term': { source: (source) => ({ ...source, watch: watchWithoutTerm(source) }) },
  'offset measured to a replica': {
    source: (source) => ({
      ...source,
      status: async (signal) => {
        const status = await source.status(signal)
        return { ...status, databaseTime: new Date(status.databaseTime.getTime() - 4_000) }
      },
    }),
  },
}

/** Only whether all announced records were read counts, not when that was said. */
function neverStale(freshness: Freshness): Freshness {
  return {
    read: () => {
      const status = freshness.read()
      return status.state === 'STALE' ? { ...status, state: 'FRESH', reason: undefined } : status
    },
    doubt: (reason) => freshness.doubt(reason),
    complete: (epoch) => freshness.complete(epoch),
    beat: (heartbeat) => freshness.beat(heartbeat),
    measure: (sample) => freshness.measure(sample),
    get needsMeasurement() {
      return freshness.needsMeasurement
    },
    get term() {
      return freshness.term
    },
  }
}

/** A revocation of nobody in a record's place: what a reader has who goes on as if the record had not been. */
function toHarmless(record: Revocation): Revocation {
  const { kind, epoch, rseq, reason, committedAt, eventId } = record
  return { type: 'session', subject: 'nobody', kind, epoch, rseq, reason, committedAt, eventId }
}

function watchLatest(source: RevocationSource, world: AuthWorld): RevocationSource['watch'] {
  return async function* watch({ epoch, afterRseq }, signal) {
    const latest = world.log.length
    for (const record of world.log.slice(afterRseq)) yield toHarmless(record)
    yield* source.watch({ epoch, afterRseq: latest }, signal)
  }
}

function snapshotFirst(source: RevocationSource, world: AuthWorld): RevocationSource {
  let entries: readonly RevocationEntry[] = []
  let isBootstrap = false
  return {
    watch: async function* watch(from, signal) {
      // A bootstrap asks for the snapshot in the same turn; a stream that is only taken up again is read as it should be.
      await world.time.sleep(0)
      const watch = isBootstrap ? watchLatest(source, world) : source.watch
      isBootstrap = false
      yield* watch(from, signal)
    },
    status: async (signal) => {
      isBootstrap = false
      entries = world.log.slice()
      return source.status(signal)
    },
    snapshot: async function* () {
      isBootstrap = true
      await world.time.sleep(2)
      yield { kind: 'entries', entries }
      yield { kind: 'end', epoch: world.epoch, rseq: world.log.length }
    },
  }
}

function watchWithoutTerm(source: RevocationSource): RevocationSource['watch'] {
  return async function* watch(from, signal): AsyncGenerator<Revocation | Heartbeat> {
    for await (const record of source.watch(from, signal)) {
      yield record.kind === 'heartbeat' ? { ...record, term: 1 } : record
    }
  }
}

/** Keeps the last few entries. */
function evict(view: RevocationView): RevocationView {
  const kept: RevocationEntry[] = []
  return {
    get version() {
      return view.version
    },
    get horizonSeconds() {
      return view.horizonSeconds
    },
    get entries() {
      return kept.length
    },
    bytes: 0,
    expire: (databaseSeconds) => view.expire(databaseSeconds),
    add: (entry) => {
      kept.push(entry)
      if (kept.length > 4) kept.shift()
      return view.add(entry)
    },
    isRevoked: (subjects) => {
      const few = makeRevocationView()
      for (const entry of kept) few.add(entry)
      return few.isRevoked(subjects)
    },
  }
}

import type {
  Freshness,
  Revocation,
  RevocationEntry,
  RevocationSource,
  RevocationView,
} from '@immersiverse/auth-client/verifier'
import { makeRevocationView } from '@immersiverse/auth-client/verifier'
import type { Principal } from '../../../packages/client/src/principal.ts'
import type { JoinedCalls } from '../../../packages/client/src/verifier/make-joined-calls.ts'
import type { KnownBad } from './known-bad.ts'

/** Verifiers that are known to be wrong. */
export const verifierVariants: readonly KnownBad[] = [
  {
    name: 'lag 0 as freshness',
    breaks: 'whether all announced records were read counts, not when that was said',
    properties: ['R1', 'R6'],
    variant: { verifier: { freshness: neverStale } },
  },
  {
    name: '`latest` reset',
    breaks: 'a stream that is taken up again begins at its end',
    properties: ['R1', 'R6'],
    variant: { verifier: { source: watchLatest } },
  },
  {
    name: 'snapshot before subscribe',
    breaks: 'what is revoked between the two is nowhere',
    properties: ['R1', 'R6'],
    variant: { verifier: { source: snapshotFirst } },
  },
  {
    name: 'wall clock only',
    breaks: 'a clock that is set back makes a view young again',
    properties: ['R1', 'R6', 'R7'],
    variant: {
      verifier: {
        clock: (clock) => ({
          monotonicMs: () => clock.wallMs(),
          wallMs: () => clock.wallMs(),
          sleep: clock.sleep,
        }),
      },
    },
  },
  {
    name: 'monotonic clock only',
    breaks: 'a machine that was suspended believes its view to be new',
    properties: ['R1', 'R6'],
    variant: {
      verifier: {
        clock: (clock) => ({
          monotonicMs: () => clock.monotonicMs(),
          wallMs: () => 1_800_000_000_000 + clock.monotonicMs(),
          sleep: clock.sleep,
        }),
      },
    },
  },
  {
    name: 'evicting cache for R',
    breaks: 'an entry goes because others came',
    properties: ['R1', 'R6'],
    variant: { verifier: { view: evict } },
  },
  {
    name: 'skipping poison',
    breaks: 'a record that cannot be read is taken for none',
    properties: ['R1', 'R6'],
    variant: { skipsPoison: true },
  },
  {
    name: 'offset measured to a replica',
    breaks: 'the view seems younger by how far its clock is behind, or never fresh',
    properties: ['R1', 'R6', 'LIVE'],
    variant: { verifier: { source: measureReplica } },
  },
  {
    name: 'issuer entries that expire',
    breaks: 'what a new epoch has revoked comes back',
    properties: ['R1', 'R6'],
    variant: { verifier: { view: (view) => forget(view, 'issuer') } },
  },
  {
    name: 'kid entries that expire',
    breaks: 'what a revoked key has signed is accepted until the keys are read again',
    properties: ['R1', 'R6'],
    variant: { verifier: { view: (view) => forget(view, 'key') } },
  },
  {
    name: 'an unknown key called a bad signature',
    breaks: 'a token of a key that is younger than the verifier has read is refused',
    properties: ['R10'],
    variant: { verifier: { refusesUnknownKeys: true } },
  },
  {
    name: 'a question joined to a call that was sent before',
    breaks: 'the answer may be older than the question',
    properties: ['R1', 'R2'],
    variant: { verifier: { joinCalls: joinRunning } },
  },
]

function neverStale(freshness: Freshness): Freshness {
  return {
    read: () => {
      const status = freshness.read()
      return status.state === 'STALE' ? { ...status, state: 'FRESH', reason: undefined, ageMs: 0 } : status
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

/** A record of nobody: what a reader has who goes on as if the record had not been. */
function toHarmless(at: Pick<Revocation, 'epoch' | 'rseq'>): Revocation {
  const rest = { reason: 'UNSPECIFIED', committedAt: new Date(0), eventId: '' }
  return { kind: 'revocation', type: 'session', subject: 'nobody', ...at, ...rest }
}

function watchLatest(source: RevocationSource): RevocationSource {
  return {
    ...source,
    watch: async function* watch({ epoch, afterRseq }, signal) {
      const { rseqHi } = await source.status(signal)
      for (let rseq = afterRseq + 1; rseq <= rseqHi; rseq++) yield toHarmless({ epoch, rseq })
      yield* source.watch({ epoch, afterRseq: Math.max(rseqHi, afterRseq) }, signal)
    },
  }
}

/** Reads the snapshot when it is asked for the status, and begins the stream at its end as of the subscription. */
function snapshotFirst(source: RevocationSource): RevocationSource {
  let parts: Awaited<ReturnType<typeof readAll>> = []
  let isBootstrap = false
  return {
    status: async (signal) => {
      parts = await readAll(source, signal)
      return await source.status(signal)
    },
    snapshot: async function* (signal) {
      isBootstrap = true
      const { epoch, rseqHi } = await source.status(signal)
      for (const part of parts) if (part.kind === 'entries') yield part
      yield { kind: 'end', epoch, rseq: rseqHi }
    },
    watch: async function* watch(from, signal) {
      await Promise.resolve()
      yield* isBootstrap ? watchLatest(source).watch(from, signal) : source.watch(from, signal)
      isBootstrap = false
    },
  }
}

async function readAll(source: RevocationSource, signal: AbortSignal) {
  const parts = []
  for await (const part of source.snapshot(signal)) parts.push(part)
  return parts
}

function measureReplica(source: RevocationSource): RevocationSource {
  return {
    ...source,
    status: async (signal) => {
      const status = await source.status(signal)
      return { ...status, databaseTime: new Date(status.databaseTime.getTime() - 1500) }
    },
  }
}

/** Keeps the last few entries. */
function evict(view: RevocationView): RevocationView {
  const kept: RevocationEntry[] = []
  return over(view, (entry) => {
    kept.push(entry)
    if (kept.length > 2) kept.shift()
    const few = makeRevocationView()
    for (const one of kept) few.add(one)
    return few
  })
}

/** Drops entries of a type as if they had an end. */
function forget(view: RevocationView, type: RevocationEntry['type']): RevocationView {
  const others = makeRevocationView()
  return over(view, (entry) => {
    if (entry.type !== type) others.add(entry)
    return others
  })
}

/** A view that judges by another one, made anew with every entry. */
function over(view: RevocationView, add: (entry: RevocationEntry) => RevocationView): RevocationView {
  let judge = view
  return {
    get version() {
      return view.version
    },
    get horizonSeconds() {
      return view.horizonSeconds
    },
    get entries() {
      return view.entries
    },
    bytes: 0,
    expire: (databaseSeconds) => view.expire(databaseSeconds),
    add: (entry) => {
      judge = add(entry)
      return view.add(entry)
    },
    isRevoked: (subjects) => judge.isRevoked(subjects),
  }
}

function joinRunning(): JoinedCalls<Principal> {
  const running = new Map<string, Promise<Principal>>()
  return (key, call) => {
    const known = running.get(key)
    if (known !== undefined) return known
    const answer = call()
    running.set(key, answer)
    const forget = () => running.delete(key)
    answer.then(forget, forget)
    return answer
  }
}

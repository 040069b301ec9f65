import type { WriteStream } from 'node:fs'
import { judgeProbe, type Probe, type TokenFacts, toLateMs, type Violation } from './judge-probe.ts'

/** A token of the run. */
export interface RunToken extends TokenFacts {
  readonly token: string
  revokingSinceMs: number | undefined
  revokedAtMs: number | undefined
}

/** How one verifier answered. */
export interface VerifierCounts {
  probes: number
  acceptedByView: number
  acceptedAfterAsking: number
  refused: number
  unavailable: number
  /** Of accepts that started after an OK, the one that did so last. */
  worstAcceptMs: number
  /** From an OK to the start of the first refused verification, where nothing was wrong in between. */
  readonly detectionsMs: number[]
}

/** Tokens stay known for so long after they expired: they must never be accepted again. */
const keptAfterExpiryMs = 20_000

const recentTokens = 100

/** What has happened in a run, on one clock; judges every answer as it comes and writes down what is worth reading later. */
export class History {
  readonly tokens = new Map<number, RunToken>()
  readonly violations: Violation[] = []
  readonly counts = new Map<string, VerifierCounts>()
  /** What was done how often: revocations by kind, faults by kind. */
  readonly tallies = new Map<string, number>()
  /** When the last fault was healed and all had recovered; undefined while anything is wrong. */
  calmSinceMs: number | undefined
  /** Called when tokens must be refused from now on. */
  onRevoked: (tokens: readonly RunToken[]) => void = () => undefined
  readonly #startedAtMs = performance.now()
  readonly #timeline: WriteStream | undefined
  readonly #detected = new Map<number, Set<string>>()
  #tokens = 0
  #revocableBeforeMs = 0

  constructor(timeline?: WriteStream) {
    this.#timeline = timeline
  }

  /** The recorder's clock: never another process's. */
  nowMs(): number {
    return performance.now() - this.#startedAtMs
  }

  note(what: string, facts: object = {}): void {
    this.#timeline?.write(`${JSON.stringify({ atMs: Number(this.nowMs().toFixed(1)), what, ...facts })}\n`)
  }

  tally(what: string, by = 1): void {
    this.tallies.set(what, (this.tallies.get(what) ?? 0) + by)
  }

  /** A token was issued by a call that was sent at `sentAtMs`; it lives for `ttlMs` of the database's clock. */
  addToken(token: string, sentAtMs: number, ttlMs: number): RunToken {
    const id = ++this.#tokens
    // `iat` is a whole second, cut off.
    const expiresAtMs = sentAtMs + ttlMs - 1_000
    const revokingSinceMs = sentAtMs < this.#revocableBeforeMs ? sentAtMs : undefined
    const added = { id, token, expiresAtMs, revokingSinceMs, revokedAtMs: undefined }
    this.tokens.set(id, added)
    return added
  }

  /** The numbers of recent tokens that nobody has begun to revoke. */
  listLive(): number[] {
    const live: number[] = []
    for (let id = this.#tokens; id > this.#tokens - recentTokens; id -= 1) {
      const token = this.tokens.get(id)
      if (token !== undefined && token.revokingSinceMs === undefined) live.push(id)
    }
    return live
  }

  /** A call that revokes these is about to be sent. */
  beginRevocation(tokens: readonly RunToken[], how: string): void {
    const nowMs = this.nowMs()
    for (const token of tokens) token.revokingSinceMs ??= nowMs
    this.note('revoking', { how, tokens: tokens.map(({ id }) => id) })
  }

  /** From now until `endNewEpoch` the service may revoke by itself whatever it has issued. */
  beginNewEpoch(): void {
    this.#revocableBeforeMs = Number.POSITIVE_INFINITY
    this.beginRevocation([...this.tokens.values()], 'new epoch')
  }

  /** The epoch is settled: what is asked for from now on stays valid. */
  endNewEpoch(): void {
    if (this.#revocableBeforeMs === Number.POSITIVE_INFINITY) this.#revocableBeforeMs = this.nowMs()
  }

  /** Its OK has arrived. */
  endRevocation(tokens: readonly RunToken[], how: string): void {
    const nowMs = this.nowMs()
    for (const token of tokens) token.revokedAtMs ??= nowMs
    this.tally(`revocation: ${how}`)
    this.note('revoked', { how, tokens: tokens.map(({ id }) => id) })
    this.onRevoked(tokens)
  }

  /** Judges an answer about the token `id`. */
  take(id: number, probe: Probe, boundMs: number, decision: 'view' | 'asked'): void {
    const token = this.tokens.get(id)
    if (token === undefined) return
    const counts = this.countsOf(probe.by)
    this.#count(counts, token, probe, decision)
    const violation = judgeProbe(token, probe, boundMs)
    if (violation === undefined) return
    this.violations.push(violation)
    this.note('VIOLATION', { ...violation, ...probe, decision, token: { ...token, token: undefined } })
  }

  violate(violation: Violation): void {
    this.violations.push(violation)
    this.note('VIOLATION', violation)
  }

  countsOf(by: string): VerifierCounts {
    const known = this.counts.get(by)
    if (known !== undefined) return known
    const made: VerifierCounts = {
      probes: 0,
      acceptedByView: 0,
      acceptedAfterAsking: 0,
      refused: 0,
      unavailable: 0,
      worstAcceptMs: 0,
      detectionsMs: [],
    }
    this.counts.set(by, made)
    return made
  }

  /** Forgets what expired long ago and returns the numbers of those tokens. */
  forgetExpired(): number[] {
    const nowMs = this.nowMs()
    const expired = [...this.tokens.values()].filter(
      ({ expiresAtMs }) => expiresAtMs + keptAfterExpiryMs < nowMs,
    )
    for (const { id } of expired) {
      this.tokens.delete(id)
      this.#detected.delete(id)
    }
    return expired.map(({ id }) => id)
  }

  #count(counts: VerifierCounts, token: RunToken, probe: Probe, decision: 'view' | 'asked'): void {
    counts.probes += 1
    const lateMs = toLateMs(token, probe)
    if (probe.outcome === 'ACCEPTED') {
      if (decision === 'view') counts.acceptedByView += 1
      else counts.acceptedAfterAsking += 1
      if (lateMs === undefined || lateMs <= counts.worstAcceptMs) return
      counts.worstAcceptMs = lateMs
      this.note('latest accept so far', { ...probe, token: token.id, lateMs, decision })
    } else if (probe.outcome.startsWith('REFUSED:')) {
      counts.refused += 1
      if (lateMs !== undefined) this.#detect(counts, token, probe, lateMs)
    } else counts.unavailable += 1
  }

  #detect(counts: VerifierCounts, token: RunToken, { by }: Probe, lateMs: number): void {
    const detected = this.#detected.get(token.id) ?? new Set()
    this.#detected.set(token.id, detected)
    if (detected.has(by)) return
    detected.add(by)
    const { calmSinceMs } = this
    const isCalm = calmSinceMs !== undefined && calmSinceMs <= (token.revokedAtMs ?? 0)
    if (isCalm) counts.detectionsMs.push(lateMs)
  }
}

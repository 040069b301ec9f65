import type { AccessRules } from '../access.ts'
import { AuthError } from '../auth-error.ts'
import type { LiveCall } from '../live/live-call.ts'
import type { LiveCalls } from '../live/live-calls.ts'
import { openLiveCalls } from '../live/open-live-calls.ts'
import { readAcceptedToken } from '../live/read-accepted-token.ts'
import { readClock } from '../verifier/clock.ts'
import { makeFreshness } from '../verifier/make-freshness.ts'
import { makeRevocationView, type RevocationView } from '../verifier/make-revocation-view.ts'
import type { RevocationEntry } from '../verifier/revocation.ts'
import { VirtualClock, VirtualTime } from '../verifier/test/virtual-time.ts'
import { toTokenPrincipal } from '../verifier/to-token-principal.ts'
import { makeIssuer } from './make-issuer.ts'

/** What a world begins with. */
export interface LiveWorldOptions {
  /** Without the view every call is asked about, as with `remote` verification. */
  readonly isRemote?: boolean
  readonly wallSkewMs?: number
  readonly maxAsking?: number
}

/** A call as a test opened it: how it ended, and when. */
export interface OpenedCall {
  readonly call: LiveCall
  ended(): CallEnd | undefined
}

/** How and when, on virtual time, a call was ended. */
export interface CallEnd {
  readonly reason: string
  readonly code: string
  readonly atMs: number
}

const issuer = makeIssuer()
const tokens = new Map<string, string>()
export const staleMs = 3_000

/** Live calls on virtual time, with the real view and freshness, and a ValidateToken that a test sets. */
export class LiveWorld {
  readonly time = new VirtualTime()
  readonly clock: VirtualClock
  readonly view: RevocationView = makeRevocationView()
  readonly freshness
  readonly calls: LiveCalls
  readonly asked: { readonly token: string; readonly atMs: number }[] = []
  readonly logged: string[] = []
  /** What ValidateToken answers; default: valid. */
  answer: (token: string) => Promise<void> = async () => undefined
  askingAtOnce = 0
  /** Whether heartbeats come, every 500 ms. */
  isHeard = true
  readonly #wallSkewMs: number

  constructor({ isRemote = false, wallSkewMs = 0, maxAsking = 256 }: LiveWorldOptions = {}) {
    this.#wallSkewMs = wallSkewMs
    this.clock = new VirtualClock(this.time, { wallSkewMs })
    this.freshness = makeFreshness({ clock: this.clock, maxStalenessMs: staleMs })
    const { view, freshness, clock } = this
    const readFreshness = (ms?: number) => freshness.read(ms)
    const keep = (_: object, message: string) => this.logged.push(message)
    this.calls = openLiveCalls({
      clock,
      maxStalenessMs: staleMs,
      revocations: isRemote ? undefined : { view, epoch: 'e', hasBeenComplete: true, readFreshness },
      ask: (token) => this.#ask(token),
      logger: { warn: keep, error: keep },
      random: () => 0.5,
      maxAsking,
    })
    this.measure()
    freshness.complete('e')
    this.#beatOn()
  }

  databaseMs(): number {
    return this.clock.wallMs() - this.#wallSkewMs
  }

  measure(): void {
    const now = readClock(this.clock)
    this.freshness.measure({ sent: now, received: now, databaseMs: this.databaseMs() })
  }

  /** Lets time pass; heartbeats come while `isHeard`. */
  async pass(ms: number): Promise<void> {
    await this.time.run(this.time.nowMs + ms)
  }

  /** A token of its own unless claims say otherwise; it lives 600 s. */
  sign(claims: Readonly<Record<string, unknown>> = {}): string {
    const iat = Math.floor(this.databaseMs() / 1000)
    const key = JSON.stringify([iat, claims])
    const known = tokens.get(key)
    if (known !== undefined) return known
    const token = issuer.sign({ iat, exp: iat + 600, ...claims })
    tokens.set(key, token)
    return token
  }

  open(token: string, rules: AccessRules = {}): OpenedCall {
    const accepted = readAcceptedToken(token)
    if (accepted === undefined) throw new Error('the token cannot be read')
    const principal = toTokenPrincipal(accepted.claims)
    let end: CallEnd | undefined
    const call = this.calls.open(
      { principal, token, rules, askedAt: readClock(this.clock) },
      ({ reason, code }) => {
        end = { reason, code, atMs: this.time.nowMs }
      },
    )
    return { call, ended: () => end }
  }

  /** Brings an entry as the follower does. */
  revoke(entry: RevocationEntry): void {
    this.calls.hear(entry)
    this.view.add(entry)
  }

  /** A heartbeat of now. */
  beat(): void {
    const asOf = new Date(this.databaseMs())
    this.freshness.beat({ kind: 'heartbeat', epoch: 'e', term: 1, rseqHi: 0, asOf, intervalMs: 500 })
    if (this.freshness.read().state === 'FRESH') this.view.expire(asOf.getTime() / 1000)
  }

  #beatOn(): void {
    if (this.isHeard) this.beat()
    this.time.after(500, () => this.#beatOn())
  }

  async #ask(token: string) {
    this.asked.push({ token, atMs: this.time.nowMs })
    this.askingAtOnce++
    try {
      await this.answer(token)
      const accepted = readAcceptedToken(token)
      if (accepted === undefined) throw new Error('the token cannot be read')
      if (accepted.claims.exp * 1000 <= this.databaseMs())
        throw new AuthError('UNAUTHENTICATED', 'EXPIRED', 'expired')
      return toTokenPrincipal(accepted.claims)
    } finally {
      this.askingAtOnce--
    }
  }
}

/** The service is not there. */
export const unreachable = async (): Promise<never> => {
  throw new AuthError('UNAVAILABLE', 'AUTH_UNREACHABLE', 'not there')
}

/** ValidateToken says that the token was revoked. */
export const revoked = async (): Promise<never> => {
  throw new AuthError('UNAUTHENTICATED', 'REVOKED', 'revoked')
}

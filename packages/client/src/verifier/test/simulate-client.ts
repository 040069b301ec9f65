import { AuthError } from '../../auth-error.ts'
import type { Principal } from '../../principal.ts'
import type { Clock } from '../clock.ts'
import { makeFallback } from '../make-fallback.ts'
import { type Freshness, makeFreshness } from '../make-freshness.ts'
import type { JoinedCalls } from '../make-joined-calls.ts'
import { makeLocalVerify } from '../make-local-verify.ts'
import { makeRevocationView, type RevocationView } from '../make-revocation-view.ts'
import { openRevocationFollower } from '../open-revocation-follower.ts'
import type { RevocationSource } from '../revocation.ts'
import { AuthWorld } from './auth-world.ts'
import { faults } from './faults.ts'
import { makeRandom, VirtualClock, VirtualTime } from './virtual-time.ts'

/** What a broken client does otherwise. */
export interface Variant {
  readonly clock?: (clock: VirtualClock) => Clock
  readonly source?: (source: RevocationSource, world: AuthWorld) => RevocationSource
  readonly freshness?: (freshness: Freshness) => Freshness
  readonly view?: (view: RevocationView) => RevocationView
  readonly joinCalls?: () => JoinedCalls<Principal>
  readonly world?: (world: AuthWorld) => void
}

/** What happened to a client in a world, and what must not have. */
export interface Simulation {
  readonly violations: readonly string[]
  readonly accepts: number
  readonly localAccepts: number
  readonly unavailable: number
}

export const stalenessMs = 3_000
const epsilonMs = 100
const probeEveryMs = 100

interface Token {
  readonly text: string
  readonly issuedMs: number
  /** True time after which the revoking call had returned. */
  revokedMs: number | undefined
}

/** A running client in a world, with a recorder that knows the truth. */
export class SimulatedClient {
  readonly time = new VirtualTime()
  readonly world: AuthWorld
  readonly clock: VirtualClock
  readonly follower
  readonly local
  readonly violations: string[] = []
  readonly tokens: Token[] = []
  accepts = 0
  unavailable = 0

  constructor(seed: number, variant: Variant = {}) {
    const random = makeRandom(seed)
    this.world = new AuthWorld(this.time)
    variant.world?.(this.world)
    this.world.databaseSkewMs = (random() - 0.5) * 2_000
    this.clock = new VirtualClock(this.time, {
      driftPpm: (random() - 0.5) * 400,
      wallSkewMs: (random() - 0.5) * 20_000,
    })
    const clock = variant.clock?.(this.clock) ?? this.clock
    const freshness = makeFreshness({ clock, maxStalenessMs: stalenessMs })
    const source = variant.source?.(this.world.source, this.world) ?? this.world.source
    const fallback = makeFallback({
      ask: this.world.validate,
      clock,
      random,
      ...(variant.joinCalls && { joinCalls: variant.joinCalls() }),
    })
    this.follower = openRevocationFollower({
      source,
      clock,
      random,
      freshness: variant.freshness?.(freshness) ?? freshness,
      makeView: () => variant.view?.(makeRevocationView()) ?? makeRevocationView(),
    })
    this.local = makeLocalVerify({
      verifier: this.world.verifier,
      revocations: this.follower,
      fallback: fallback.verify,
      clock,
      issuer: 'http://localhost:8080',
      audience: 'immersiverse',
    })
  }

  issue(): Token | undefined {
    if (this.world.databaseMs / 1000 < this.world.issuesAgainAtSeconds) return undefined
    const token = { text: this.world.issueToken(), issuedMs: this.time.nowMs, revokedMs: undefined }
    this.tokens.push(token)
    return token
  }

  revoke(token: Token): void {
    token.revokedMs ??= this.time.nowMs
    const { sid } = JSON.parse(token.text) as { sid: string }
    const expiresAt = new Date(this.world.databaseMs + 600_000)
    this.world.revoke({ type: 'session', subject: sid, expiresAt })
  }

  /** Verifies the token now and records what must not be: R1, R7, R8. */
  async probe(token: Token): Promise<void> {
    const startedMs = this.time.nowMs
    try {
      await this.local.verify(token.text)
      this.accepts++
      const { revokedMs } = token
      if (revokedMs !== undefined && startedMs >= revokedMs + stalenessMs + epsilonMs) {
        this.violations.push(`R1: accepted ${Math.round(startedMs - revokedMs)} ms after its revocation`)
      }
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      if (error.code === 'UNAVAILABLE') this.unavailable++
      else if (error.reason !== 'REVOKED') this.violations.push(`R7: refused as ${error.reason}`)
      else if (token.revokedMs === undefined) this.violations.push('R8: refused without a revocation')
    }
  }

  /** Probes all tokens, in turns, until that time. */
  async run(untilMs: number): Promise<void> {
    let turn = 0
    const probe = (): void => {
      if (this.time.nowMs >= untilMs) return
      // The latest first: they are the ones whose revocation is on its way.
      for (const token of this.tokens.slice(-4)) void this.probe(token)
      const older = this.tokens[turn++ % Math.max(1, this.tokens.length)]
      if (older !== undefined) void this.probe(older)
      this.time.after(probeEveryMs, probe)
    }
    probe()
    await this.time.run(untilMs)
  }

  async end(): Promise<Simulation> {
    const closing = this.follower.close()
    this.world.isCut = false
    await this.time.run(this.time.nowMs + 6_000)
    await closing
    const { violations, accepts, unavailable } = this
    return { violations, accepts, unavailable, localAccepts: this.local.counts().local }
  }
}

/** One seed: tokens are issued and revoked all the time, while a handful of faults come and go. */
export async function simulateClient(seed: number, variant: Variant = {}): Promise<Simulation> {
  const client = new SimulatedClient(seed, variant)
  const random = makeRandom(seed ^ 0x5eed)
  const { time } = client
  const endMs = 25_000
  for (let atMs = 200; atMs < endMs; atMs += 300 + random() * 400) time.at(atMs, () => client.issue())
  for (let atMs = 900; atMs < endMs; atMs += 400 + random() * 800) {
    time.at(atMs, () => {
      const living = client.tokens.filter((token) => token.revokedMs === undefined)
      const token = living[Math.floor(random() * living.length)]
      if (token !== undefined) client.revoke(token)
    })
  }
  for (let n = 0; n < 4; n++) {
    const fault = faults[Math.floor(random() * faults.length)]
    const lastsMs = 200 + random() * 6_000
    time.at(1_000 + random() * (endMs - 8_000), () => fault?.(client, lastsMs, random))
  }
  await client.run(endMs)
  return client.end()
}

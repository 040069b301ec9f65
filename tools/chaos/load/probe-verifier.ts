import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../make-random.ts'
import type { History } from '../verdicts/history.ts'
import type { Verifier } from '../world/world.ts'
import { type HotTokens, isColdAfterMs, toPauseMs } from './hot-tokens.ts'

/** ε: from the last look at a clock to the answer. */
export const epsilonMs = 100

/** What probing needs. */
export interface Probing {
  readonly history: History
  readonly random: Random
  /** S to judge by where it is not the verifier's own. */
  readonly signal: AbortSignal
}

/** Asks one verifier about tokens, all the time. */
export interface Prober {
  /** Was revoked just now: asked about often until the bound is over. */
  heat(tokenId: number): void
  /** Asks at once about a token against the mark of its revocation: it may not be accepted at all. */
  askWithMark(tokenId: number, mark: unknown): void
  /** Drops expired tokens, also at the verifier. */
  forget(tokenIds: readonly number[]): void
  /** Ends when the signal aborts. */
  readonly ended: Promise<void>
}

const tickMs = 20
const livePerTick = 3
const oldPerTick = 1
const keptBatchesMs = 30_000

interface Batch {
  readonly startedAtMs: number
  readonly boundMs: number
}

/** Begins to probe: tokens that were just revoked densely, others at random. */
export function probeVerifier(verifier: Verifier, probing: Probing): Prober {
  return new VerifierProber(verifier, probing)
}

class VerifierProber implements Prober {
  readonly #verifier: Verifier
  readonly #probing: Probing
  readonly #hot: HotTokens = new Map()
  readonly #batches = new Map<number, Batch>()
  #known = new Set<number>()
  #life = 0
  #batchCount = 0
  readonly ended: Promise<void>

  constructor(verifier: Verifier, probing: Probing) {
    this.#verifier = verifier
    this.#probing = probing
    verifier.onAnswers((answers) => {
      const answeredAtMs = probing.history.nowMs()
      for (const { batch, id, outcome, decision } of answers) {
        const asked = this.#batches.get(batch)
        if (asked === undefined) continue
        const { startedAtMs, boundMs } = asked
        const by = boundMs === 0 ? `${verifier.name} with the mark` : verifier.name
        probing.history.take(id, { by, startedAtMs, answeredAtMs, outcome }, boundMs, decision)
      }
    })
    this.ended = this.#run()
  }

  heat(tokenId: number): void {
    this.#hot.set(tokenId, { sinceMs: this.#probing.history.nowMs(), dueMs: 0 })
  }

  askWithMark(tokenId: number, mark: unknown): void {
    this.#introduce([tokenId])
    const batch = this.#begin(0)
    this.#verifier.process.send({ batch, ids: [tokenId], mark })
  }

  forget(tokenIds: readonly number[]): void {
    for (const id of tokenIds) {
      this.#known.delete(id)
      this.#hot.delete(id)
    }
    this.#verifier.process.send({ forget: tokenIds })
    const oldMs = this.#probing.history.nowMs() - keptBatchesMs
    for (const [batch, { startedAtMs }] of this.#batches) if (startedAtMs < oldMs) this.#batches.delete(batch)
  }

  async #run(): Promise<void> {
    const { signal } = this.#probing
    while (!signal.aborted) {
      this.#tick()
      await sleep(tickMs)
    }
  }

  #tick(): void {
    const ids = [...this.#takeDue(), ...this.#pickOthers()]
    if (ids.length === 0) return
    this.#introduce(ids)
    this.#verifier.process.send({ batch: this.#begin(this.#verifier.maxStalenessMs + epsilonMs), ids })
  }

  #takeDue(): number[] {
    const { history } = this.#probing
    const { maxStalenessMs } = this.#verifier
    const nowMs = history.nowMs()
    const due: number[] = []
    for (const [id, token] of this.#hot) {
      const ageMs = nowMs - token.sinceMs
      if (ageMs > isColdAfterMs(maxStalenessMs)) this.#hot.delete(id)
      else if (nowMs >= token.dueMs) {
        token.dueMs = nowMs + toPauseMs(ageMs, maxStalenessMs)
        due.push(id)
      }
    }
    return due
  }

  #pickOthers(): number[] {
    const { history, random } = this.#probing
    const ids = [...history.tokens.keys()]
    if (ids.length === 0) return []
    const live = history.listLive()
    return [
      ...(live.length === 0 ? [] : Array.from({ length: livePerTick }, () => random.pick(live))),
      ...Array.from({ length: oldPerTick }, () => random.pick(ids)),
    ]
  }

  /** A process that was started anew knows no tokens. */
  #introduce(ids: readonly number[]): void {
    const { process } = this.#verifier
    if (process.life !== this.#life) {
      this.#life = process.life
      this.#known = new Set()
    }
    const tokens = ids
      .filter((id) => !this.#known.has(id))
      .map((id) => [id, this.#probing.history.tokens.get(id)?.token ?? ''] as const)
    if (tokens.length === 0) return
    if (process.send({ tokens })) for (const [id] of tokens) this.#known.add(id)
  }

  /** Stamps the start before anything is sent: later than this no verification of the batch begins. */
  #begin(boundMs: number): number {
    const batch = ++this.#batchCount
    this.#batches.set(batch, { startedAtMs: this.#probing.history.nowMs(), boundMs })
    return batch
  }
}

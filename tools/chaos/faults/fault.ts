import type { Random } from '../make-random.ts'
import type { History } from '../verdicts/history.ts'
import type { World } from '../world/world.ts'

/** What a fault may do with. */
export interface FaultContext {
  readonly world: World
  readonly history: History
  readonly random: Random
}

/** A thing that can go wrong. */
export interface FaultKind {
  readonly name: string
  /** What it happens to: no two faults happen to the same thing at a time. */
  targets(world: World): readonly string[]
  /** Lets it happen to `target` and resolves with what ends it. */
  begin(target: string, context: FaultContext): Promise<() => void | Promise<void>>
  /** How much more likely than others; default 1. */
  readonly weight?: number
  /** The shortest and the longest it lasts; default 1 to 6 s. */
  readonly lastsMs?: readonly [number, number]
}

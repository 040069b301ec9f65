import type { Random } from '../time/make-random.ts'
import type { World } from '../world/world.ts'

/** Something that goes wrong, and is healed by itself `lastsMs` later. */
export interface Fault {
  readonly name: string
  strike(world: World, lastsMs: number, random: Random): void
}

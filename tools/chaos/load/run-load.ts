import { live } from './live.ts'
import type { Surroundings } from './person.ts'

/** Lets so many people live at a time, one life after the other each, until `signal` aborts and all calls have ended. */
export async function runLoad(around: Surroundings, atOnce: number): Promise<void> {
  const liveOn = async () => {
    while (!around.signal.aborted) await live(around)
  }
  await Promise.all(Array.from({ length: atOnce }, liveOn))
}

import type { World } from '../world/world.ts'
import { checkFamilies } from './check-families.ts'
import { validateRecorded } from './validate-recorded.ts'
import { verifyRecorded } from './verify-recorded.ts'

/** The state that a world has come to rest in: every token is judged once more, every family's history is held against T1 to T12. */
export async function checkEnd(world: World): Promise<void> {
  const { history, settings, slots, time, verifiers } = world
  for (const token of history.tokens) {
    for (const { auth } of slots) {
      if (auth?.process.isRunning) validateRecorded(history, auth, token.text).catch(() => undefined)
    }
    for (const verifier of verifiers) {
      void verifyRecorded(history, verifier, token, settings.maxStalenessMs)
    }
  }
  await time.run(time.nowMs + 50)
  checkFamilies(world)
}

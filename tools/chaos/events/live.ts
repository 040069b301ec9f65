import { setTimeout as sleep } from 'node:timers/promises'
import { deleteAccount, logIn, pickAct } from './acts.ts'
import type { Surroundings } from './person.ts'
import { signUp } from './sign-up.ts'

/** Lives one life: signs up, does this and that, and deletes the account in the end, or leaves it. */
export async function live(around: Surroundings): Promise<void> {
  const { random, signal, pauseMs } = around
  const person = await signUp(around)
  if (person === undefined) return
  await logIn(around, person)
  for (let n = random.whole(4, 16); n > 0 && !signal.aborted; n -= 1) {
    await sleep(random.whole(0, pauseMs))
    await pickAct(around, person)(around, person)
  }
  if (random.next() < 0.5 && !signal.aborted) await deleteAccount(around, person)
}

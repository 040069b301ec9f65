import type { Person, TestAuth } from './open-test-auth.ts'
import { getRefusal } from './refusals.ts'

/** Opens two instances, signs somebody up, and guesses their password 200 times at once over both; why each guess was refused. Both are closed. */
export async function guessAtOnce(
  open: () => Promise<TestAuth>,
): Promise<{ readonly person: Person; readonly reasons: readonly string[] }> {
  await using one = await open()
  await using two = await open()
  const person = await one.signUp()
  const guesses = Array.from({ length: 200 }, (_, at) => {
    const { auth } = at % 2 === 0 ? one : two
    return getRefusal(auth.login({ identifier: person.username, password: 'a wrong password' }))
  })
  const refusals = await Promise.all(guesses)
  return { person, reasons: refusals.map(({ reason }) => reason) }
}

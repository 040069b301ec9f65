import { randomUUID } from 'node:crypto'
import { makeCredentials } from '../load/person.ts'
import { askUntilKnown } from './ask-until-known.ts'
import type { Person, Surroundings } from './person.ts'

/** Signs somebody up; undefined where nobody answered. */
export async function signUp(around: Surroundings): Promise<Person | undefined> {
  const { username, password } = makeCredentials()
  const request = { username, password, email: `${username}@example.org`, requestId: randomUUID() }
  const certain = { isCertain: true }
  const { answer } = await askUntilKnown(
    around,
    certain,
    { kind: 'sign-up', tells: { OK: 'user_created' }, certainty: 'once' },
    ({ users }, options) => users.createUser(request, options),
  )
  const id = answer?.user?.id
  return id === undefined
    ? undefined
    : { id, username, password, sessions: [], isSuspended: false, ...certain }
}

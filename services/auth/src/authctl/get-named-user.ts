import { isUuid } from '../domain/ids.ts'
import type { User } from '../domain/user.ts'
import { getUser } from '../use-cases/get-user.ts'
import type { At } from './answer.ts'

/** The user with this id, e-mail (what holds an `@`) or username. Throws AuthError USER_NOT_FOUND. */
export async function getNamedUser({ deps, caller }: At, value: string): Promise<User> {
  const by = isUuid(value) ? 'id' : value.includes('@') ? 'email' : 'username'
  return await getUser(deps, caller, { by, value, minVersion: 0 })
}

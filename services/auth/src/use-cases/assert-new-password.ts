import type { Deps } from '../deps.ts'
import { invalidField } from '../domain/errors.ts'
import type { User } from '../domain/user.ts'

/** Throws AuthError INVALID_FIELD for a password that is easily guessed, or returns. Its length is judged before, without the person. */
export async function assertNewPassword(
  { passwordPolicy }: Pick<Deps, 'passwordPolicy'>,
  field: 'password' | 'new_password',
  password: string,
  person: Pick<User, 'username' | 'email' | 'displayName'>,
): Promise<void> {
  const fault = await passwordPolicy.findFault(password, person)
  if (fault !== undefined) throw invalidField(field, fault)
}

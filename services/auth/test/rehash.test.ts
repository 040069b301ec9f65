import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitUntil } from '../../../packages/client/src/test/wait-until.ts'
import { openPasswords } from '../src/security/passwords.ts'
import { findAccount } from '../src/store/users.ts'
import { rehashPassword } from '../src/use-cases/rehash-password.ts'
import { cheapPasswords, type Person } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'
import { describeOnStores, type StoreContext } from './stores.ts'

const dearer = { passes: 2 }
const cheaper = openPasswords({ ...cheapPasswords, passes: 1 })

/** A person whose password was hashed before the cost was raised. */
async function signUpBefore({ auth }: StoreContext): Promise<Person> {
  const person = await auth.signUp()
  const password_hash = await cheaper.hash(person.password)
  await auth.database.kysely.updateTable('users').set({ password_hash }).where('id', '=', person.id).execute()
  return person
}

function readAccount({ auth }: StoreContext, person: Person) {
  return findAccount(auth.database.kysely, { by: 'username', value: person.username })
}

describeOnStores(
  'A password with a cheaper hash',
  (context) => {
    test('is hashed anew by a login, which changes nothing that others see', async () => {
      const person = await signUpBefore(context)
      const before = await readAccount(context, person)
      await context.auth.logIn(person)
      let now = await readAccount(context, person)
      const look = setInterval(async () => (now = await readAccount(context, person)), 10)
      await waitUntil('the dearer hash', () => now?.passwordHash !== before?.passwordHash)
      clearInterval(look)
      assert.match(now?.passwordHash ?? '', /^\$argon2id\$v=19\$m=8,t=2,p=1\$/)
      const { passwordHash: _old, lastLoginAt: _never, ...same } = before ?? {}
      const { passwordHash: _new, lastLoginAt: _now, ...after } = now ?? {}
      assert.deepEqual(after, same)
      assert.deepEqual(await listEvents(context.auth, 'user_updated', person.id), [])
      await context.auth.logIn(person)
      assert.equal((await readAccount(context, person))?.passwordHash, now?.passwordHash)
    })

    test('is left alone by a wrong password', async () => {
      const person = await signUpBefore(context)
      const before = await readAccount(context, person)
      await assert.rejects(context.auth.logIn({ ...person, password: 'a wrong password' }))
      assert.equal((await readAccount(context, person))?.passwordHash, before?.passwordHash)
    })

    test('does not come back over one that was set meanwhile', async () => {
      const person = await signUpBefore(context)
      const verified = await readAccount(context, person)
      assert.ok(verified)
      const newPassword = 'another long password'
      await context.auth.users.changePassword({
        userId: person.id,
        currentPassword: person.password,
        newPassword,
      })
      await rehashPassword(context.auth.deps, verified, person.password)
      await context.auth.logIn({ ...person, password: newPassword })
    })

    test('that cannot be replaced is told in the log, and nothing fails', async () => {
      const person = await signUpBefore(context)
      const verified = await readAccount(context, person)
      assert.ok(verified)
      const passwords = {
        ...context.auth.deps.passwords,
        hash: async () => Promise.reject(new Error('no room')),
      }
      await rehashPassword({ ...context.auth.deps, passwords }, verified, person.password)
      const told = context.auth.logged.filter(({ facts }) => facts.userId === person.id)
      assert.deepEqual(
        told.map(({ message }) => message),
        ['a password keeps its cheaper hash until its next login'],
      )
    })
  },
  { onModel: false, overrides: { passwords: dearer } },
)

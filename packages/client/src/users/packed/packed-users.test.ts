import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { noRow } from './packed-rows.ts'
import { PackedUsers } from './packed-users.ts'

const toId = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`

function makeUser(n: number, changes = {}) {
  const names = { username: `user${n}`, displayName: `User ${n}` }
  const traits = { status: UserStatus.ACTIVE, roles: ['user'], subscriptionTier: 'FREE' }
  return { id: toId(n), ...names, ...traits, version: BigInt(n), ...changes }
}

function fill(count: number): PackedUsers {
  const users = new PackedUsers()
  for (let n = 1; n <= count; n++) users.write(users.add(toId(n)), makeUser(n))
  return users
}

test('all users are gone through, without those who were erased or removed', () => {
  const users = fill(5)
  users.erase(users.find(toId(2)))
  users.remove(users.find(toId(4)))
  assert.deepEqual([...users.values()], [makeUser(1), makeUser(3), makeUser(5)])
  assert.equal(users.size, 4)
  assert.notEqual(users.find(toId(2)), noRow)
  assert.equal(users.read(users.find(toId(2))), undefined)
  assert.equal(users.find(toId(4)), noRow)
})

test('versions are exact up to 2^53', () => {
  const users = fill(1)
  const row = users.find(toId(1))
  for (const version of [2n ** 31n, 2n ** 32n + 1n, 2n ** 53n - 1n, 2n ** 53n]) {
    users.write(row, makeUser(1, { version }))
    assert.equal(users.read(row)?.version, version)
  }
})

test('a user with names of ten letters takes at most 128 bytes', () => {
  const count = 100_000
  const { bytes } = fill(count)
  assert.ok(bytes / count < 128, `${bytes / count} bytes`)
})

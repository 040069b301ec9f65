import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import fc from 'fast-check'
import type { CachedUser } from './cached-user.ts'
import { UserTable } from './user-table.ts'

const epoch = 'e1'

function makeUser(version: number, changes: Partial<CachedUser> = {}): CachedUser {
  return {
    id: 'u1',
    username: 'mina',
    displayName: `name ${version}`,
    status: UserStatus.ACTIVE,
    roles: ['user'],
    subscriptionTier: 'FREE',
    version: BigInt(version),
    ...changes,
  }
}

function makeTable(options = {}): UserTable {
  const table = new UserTable(options)
  table.begin(epoch)
  return table
}

/** Reads a user as GetUser would, with what happens between the question and the answer. */
function read(table: UserTable, user: CachedUser, meanwhile: () => unknown = () => undefined): void {
  const began = table.beginRead()
  meanwhile()
  table.put(user, began)
  table.endRead(began)
}

test('what was read is certain until tokens of the user are revoked, and again when it is read after that', () => {
  const table = makeTable()
  assert.equal(table.find('u1'), undefined)
  read(table, makeUser(1))
  assert.deepEqual(table.find('u1'), { user: makeUser(1), trust: 'certain' })
  table.hear('u2')
  assert.equal(table.find('u1')?.trust, 'certain')
  table.hear('u1')
  assert.equal(table.find('u1')?.trust, 'revoked')
  read(table, makeUser(1))
  assert.equal(table.find('u1')?.trust, 'certain')
})

test('an answer that was on its way when tokens were revoked may be from before that', () => {
  for (const isKnown of [false, true]) {
    const table = makeTable()
    if (isKnown) read(table, makeUser(1))
    read(table, makeUser(1), () => table.hear('u1'))
    assert.equal(table.find('u1')?.trust, 'revoked', `known: ${isKnown}`)
  }
})

test('a revocation is remembered for the oldest read under way, whichever ends first', () => {
  const table = makeTable()
  const old = table.beginRead()
  table.hear('u1')
  read(table, makeUser(1, { id: 'u2' }))
  const young = table.beginRead()
  table.put(makeUser(1), young)
  assert.equal(table.find('u1')?.trust, 'certain')
  table.endRead(young)
  table.put(makeUser(1), old)
  table.endRead(old)
  assert.equal(table.find('u1')?.trust, 'certain', 'the younger answer knows of the revocation')
  const other = makeTable()
  const began = other.beginRead()
  other.hear('u1')
  read(other, makeUser(1, { id: 'u2' }))
  other.put(makeUser(1), began)
  assert.equal(other.find('u1')?.trust, 'revoked')
})

test('an event makes no user certain, and takes no certainty away', () => {
  const table = makeTable()
  table.takeChange(makeUser(1), epoch)
  assert.deepEqual(table.find('u1'), { user: makeUser(1), trust: 'told' })
  read(table, makeUser(1))
  table.takeChange(makeUser(2), epoch)
  assert.deepEqual(table.find('u1'), { user: makeUser(2), trust: 'certain' })
  table.hear('u1')
  table.takeChange(makeUser(3), epoch)
  assert.deepEqual(table.find('u1'), { user: makeUser(3), trust: 'revoked' })
})

test('an older version never replaces a newer one, by event or by answer', () => {
  const table = makeTable()
  read(table, makeUser(3))
  table.takeChange(makeUser(2), epoch)
  read(table, makeUser(1))
  assert.deepEqual(table.find('u1')?.user, makeUser(3))
})

test('a deleted user stays deleted, whatever comes late; nobody is deleted who was never heard of', () => {
  const table = makeTable()
  read(table, makeUser(1))
  table.takeDeleted('u1', epoch)
  table.takeChange(makeUser(9), epoch)
  read(table, makeUser(9))
  assert.deepEqual(table.find('u1'), { user: undefined, trust: 'certain' })
  const began = table.beginRead()
  table.putMissing('u2', began)
  assert.equal(table.find('u2'), undefined)
  table.takeChange(makeUser(1, { id: 'u2' }), epoch)
  table.putMissing('u2', began)
  assert.deepEqual(table.find('u2'), { user: undefined, trust: 'certain' })
})

test('when revocations are followed anew nothing is certain until it is read again', () => {
  const table = makeTable()
  read(table, makeUser(1))
  const late = table.beginRead()
  table.begin(epoch)
  assert.deepEqual(table.find('u1'), { user: makeUser(1), trust: 'told' })
  table.put(makeUser(2), late)
  assert.equal(table.find('u1')?.user?.version, 1n)
  read(table, makeUser(2))
  assert.deepEqual(table.find('u1'), { user: makeUser(2), trust: 'certain' })
})

test('another epoch begins empty, and takes nothing of an epoch that was left', () => {
  const table = makeTable()
  read(table, makeUser(7))
  table.takeDeleted('u2', epoch)
  const late = table.beginRead()
  table.begin('e2')
  assert.equal(table.size, 0)
  table.takeChange(makeUser(8), epoch)
  table.takeDeleted('u2', epoch)
  table.put(makeUser(8), late)
  assert.equal(table.size, 0)
  table.takeChange(makeUser(6), 'e2')
  assert.equal(table.find('u1')?.user?.version, 6n)
})

test('a bound keeps those who were asked for last, and says that the table is partial', () => {
  const table = makeTable({ maxUsers: 3 })
  for (const id of ['a', 'b', 'c']) read(table, makeUser(1, { id }))
  assert.equal(table.isPartial, false)
  table.find('a')
  read(table, makeUser(1, { id: 'd' }))
  assert.deepEqual([table.size, table.isPartial], [3, true])
  assert.equal(table.find('b'), undefined)
  for (const id of ['a', 'c', 'd']) assert.equal(table.find(id)?.trust, 'certain')
  table.takeChange(makeUser(1, { id: 'e' }), epoch)
  table.takeDeleted('e', epoch)
  const began = table.beginRead()
  table.fill(makeUser(1, { id: 'e' }), began)
  assert.equal(table.find('e'), undefined)
})

type Step =
  | { readonly kind: 'changed'; readonly user: CachedUser }
  | { readonly kind: 'deleted'; readonly id: string }

const ids = ['u1', 'u2', 'u3']
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc
    .oneof(
      { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...ids), fc.integer({ min: 1, max: 6 })) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...ids), fc.constant(0)) },
    )
    .map(
      ([id, version]): Step =>
        version === 0 ? { kind: 'deleted', id } : { kind: 'changed', user: makeUser(version, { id }) },
    ),
  { maxLength: 20 },
)

function tell(table: UserTable, told: readonly Step[]): (CachedUser | undefined | 'unknown')[] {
  for (const step of told) {
    if (step.kind === 'changed') table.takeChange(step.user, epoch)
    else table.takeDeleted(step.id, epoch)
  }
  return ids.map((id) => {
    const found = table.find(id)
    return found === undefined ? 'unknown' : found.user
  })
}

/** The newest version of each; deleted ones stay deleted. */
function expect(told: readonly Step[]): (CachedUser | undefined | 'unknown')[] {
  return ids.map((id) => {
    if (told.some((step) => step.kind === 'deleted' && step.id === id)) return undefined
    const versions = told.flatMap((step) =>
      step.kind === 'changed' && step.user.id === id ? [step.user] : [],
    )
    return versions.sort((a, b) => Number(b.version - a.version))[0] ?? 'unknown'
  })
}

/** Any order and repetition of the records. */
const shuffled = steps.chain((told) =>
  fc.tuple(
    fc.constant(told),
    fc
      .tuple(fc.shuffledSubarray(told, { minLength: told.length }), fc.subarray(told))
      .map(([all, again]) => [...all, ...again]),
  ),
)

test('any order and repetition of the records gives the newest of each user', () => {
  fc.assert(
    fc.property(shuffled, ([told, heard]) => {
      assert.deepEqual(tell(makeTable(), heard), expect(told))
    }),
  )
})

class OlderOverNewer extends UserTable {
  #next = 1n
  override takeChange(user: CachedUser, of: string): void {
    super.takeChange({ ...user, version: this.#next++ }, of)
  }
}

class RaisesDeleted extends UserTable {
  readonly #deleted = new Set<string>()
  override takeDeleted(userId: string): void {
    this.#deleted.add(userId)
  }
  override takeChange(user: CachedUser, of: string): void {
    this.#deleted.delete(user.id)
    super.takeChange(user, of)
  }
  override find(userId: string) {
    const found = super.find(userId)
    return this.#deleted.has(userId) ? { user: undefined, trust: 'certain' as const } : found
  }
}

for (const Bad of [OlderOverNewer, RaisesDeleted]) {
  test(`the property catches a table that is wrong: ${Bad.name}`, () => {
    const isCaught = fc.check(
      fc.property(shuffled, ([told, heard]) => {
        const table = new Bad()
        table.begin(epoch)
        assert.deepEqual(
          tell(table, heard).map((user) => (user === 'unknown' ? user : user?.displayName)),
          expect(told).map((user) => (user === 'unknown' ? user : user?.displayName)),
        )
      }),
      { seed: 7 },
    )
    assert.equal(isCaught.failed, true)
  })
}

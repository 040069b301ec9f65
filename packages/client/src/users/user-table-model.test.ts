import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import fc from 'fast-check'
import type { CachedUser } from './cached-user.ts'
import { PlainUserTable } from './test/plain-user-table.ts'
import { type UserRead, UserTable } from './user-table.ts'

type Table = Pick<UserTable, keyof UserTable>
/** Does something with a table; the reads that are under way are the table's own. */
type Step = (table: Table, reads: UserRead[]) => unknown

/** UUIDs, as nearly all ids are, and others. */
const ids = [
  ...Array.from({ length: 12 }, (_, n) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`),
  ...['u1', 'U2', '', '01890000-0000-7000-8000-00000000000A'],
]
const epochs = ['e1', 'e1', 'e1', 'e2']
const names = ['', 'mina', '미나', 'Zoë 🎈', 'x'.repeat(70_000)]

const id = fc.constantFrom(...ids)
const epoch = fc.constantFrom(...epochs)
const user: fc.Arbitrary<CachedUser> = fc.record({
  id,
  username: fc.constantFrom(...names),
  displayName: fc.constantFrom(...names),
  status: fc.constantFrom(UserStatus.ACTIVE, UserStatus.SUSPENDED),
  roles: fc.constantFrom([], ['user'], ['user', 'admin']),
  subscriptionTier: fc.constantFrom('', 'FREE'),
  version: fc.oneof(fc.bigInt(0n, 6n), fc.constantFrom(2n ** 32n, 2n ** 53n - 1n, 2n ** 53n)),
})

const withRead = (at: number, use: (table: Table, read: UserRead) => void): Step => {
  return (table, reads) => {
    const read = reads[at % Math.max(reads.length, 1)]
    if (read !== undefined) use(table, read)
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(user, epoch).map(
      ([one, of]): Step =>
        (table) =>
          table.takeChange(one, of),
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(user, fc.nat(3))
      .map(([one, at]) => withRead(at, (table, read) => table.put(one, read))),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(user, fc.nat(3))
      .map(([one, at]) => withRead(at, (table, read) => table.fill(one, read))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, fc.nat(3))
      .map(([one, at]) => withRead(at, (table, read) => table.putMissing(one, read))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(id, epoch).map(
      ([one, of]): Step =>
        (table) =>
          table.takeDeleted(one, of),
    ),
  },
  {
    weight: 3,
    arbitrary: id.map(
      (one): Step =>
        (table) =>
          table.hear(one),
    ),
  },
  {
    weight: 1,
    arbitrary: id.map(
      (one): Step =>
        (table) =>
          table.doubt(one),
    ),
  },
  {
    weight: 4,
    arbitrary: id.map(
      (one): Step =>
        (table) =>
          table.find(one),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Step>((table, reads) => reads.push(table.beginRead())) },
  {
    weight: 3,
    arbitrary: fc.nat(3).map((at) => withRead(at, (table, read) => table.endRead(read))),
  },
  {
    weight: 1,
    arbitrary: epoch.map(
      (of): Step =>
        (table) =>
          table.begin(of),
    ),
  },
)

/** What can be seen of a table. */
function show(table: Table) {
  const { epoch: of, generation, isPartial, size } = table
  return { of, generation, isPartial, size, users: ids.map((one) => table.find(one)) }
}

function live(table: Table, steps: readonly Step[]): Table {
  const reads: UserRead[] = []
  table.begin('e1')
  for (const one of steps) one(table, reads)
  return table
}

const steps = fc.array(step, { maxLength: 60, size: 'max' })

for (const maxUsers of [undefined, 1, 5]) {
  test(`whatever happens, a table of ${maxUsers ?? 'all'} users answers as one of plain objects would`, () => {
    const options = maxUsers === undefined ? {} : { maxUsers }
    fc.assert(
      fc.property(steps, (all) => {
        assert.deepEqual(
          show(live(new UserTable(options), all)),
          show(live(new PlainUserTable(options), all)),
        )
      }),
      { numRuns: 500 },
    )
  })
}

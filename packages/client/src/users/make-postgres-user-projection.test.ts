import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import { makePostgresUserProjection } from './make-postgres-user-projection.ts'
import type { ProjectedUser } from './projected-user.ts'
import type { PartitionStep, ProjectionWriter } from './user-projection.ts'

const toId = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const at = (ms: number) => new Date(1_800_000_000_000 + ms)

function makeRow(n: number, version: number, more: Partial<ProjectedUser> = {}): ProjectedUser {
  const names = { username: `u${n}`, displayName: `name ${version} "{,}\\` }
  const traits = { status: 'ACTIVE', roles: [`r${version}`, 'a,b'], subscriptionTier: 'FREE' }
  return {
    id: toId(n),
    epoch: 'e1',
    version: BigInt(version),
    isDeleted: false,
    ...names,
    ...traits,
    ...more,
  }
}

const nobody = { username: undefined, displayName: undefined, roles: [], subscriptionTier: '' }
const makeDeleted = (n: number, version: number, more: Partial<ProjectedUser> = {}) =>
  makeRow(n, version, { isDeleted: true, status: 'DELETED', ...nobody, ...more })
const makeWithheld = (n: number, version: number) => makeRow(n, version, { status: 'UNSPECIFIED', ...nobody })

async function openProjection(t: TestContext, table = 'auth_users') {
  const database = await openTestDatabase(t)
  if (database === undefined) return undefined
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => undefined)
  t.after(() => pool.end())
  const projection = makePostgresUserProjection({ pool, table })
  const read = async () =>
    (
      await pool.query(
        `select id, username, display_name, status, roles, subscription_tier, version, is_deleted, epoch
         from ${table} order by id`,
      )
    ).rows as Record<string, unknown>[]
  return { pool, projection, read }
}

/** A writer, where nobody else has it. */
async function openWriter({
  projection,
}: Pick<NonNullable<Awaited<ReturnType<typeof openProjection>>>, 'projection'>) {
  return (await projection.openWriter()) ?? assert.fail('another one writes')
}

const beginList = (writer: ProjectionWriter, epoch = 'e1', next = 0n) =>
  writer.beginList({
    ...{ topicId: 't', epoch, beganAt: at(0) },
    partitions: [
      { partition: 0, next },
      { partition: 1, next },
    ],
  })

/** Steps of one partition, one behind the other. */
function makeSteps(partition: number, first = 0n) {
  let from = first
  return (more: Partial<PartitionStep> = {}): PartitionStep => {
    const step = { partition, from, next: from + 1n, isListed: false, asOf: undefined, ...more }
    from += 1n
    return step
  }
}

/** The same numbers each time. */
function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('whatever the order, the repetition and the batches of rows, the same table remains', async (t) => {
  const opened = await openProjection(t)
  if (opened === undefined) return
  const { pool, projection, read } = opened
  await projection.create(pool)
  const history = Array.from({ length: 12 }, (_, n) => {
    const versions = Array.from({ length: 1 + (n % 4) }, (_, version) => makeRow(n, version + 1))
    if (n % 3 === 0) versions.push(makeWithheld(n, versions.length), makeWithheld(n, versions.length + 1))
    if (n % 4 === 1) versions.push(makeDeleted(n, versions.length + 1))
    return versions
  }).flat()
  const random = makeRandom(7)
  let expected: unknown
  for (let round = 0; round < 25; round++) {
    await pool.query('truncate auth_users')
    await using writer = await openWriter(opened)
    await beginList(writer)
    const step = makeSteps(0)
    // In order first; then shuffled, with repetitions.
    const told = round === 0 ? [...history] : [...history, ...history.filter(() => random() < 0.5)]
    if (round > 0) told.sort(() => random() - 0.5)
    while (told.length > 0) {
      const size = 1 + Math.floor(random() * 6)
      const users = new Map<string, ProjectedUser>()
      while (users.size < size && told[0] !== undefined && !users.has(told[0].id)) {
        users.set(told[0].id, told.shift() as ProjectedUser)
      }
      await writer.save({ users: [...users.values()], steps: [step()] })
    }
    const rows = await read()
    expected ??= rows
    assert.deepEqual(rows, expected, `round ${round}`)
  }
  assert.deepEqual(
    (expected as { readonly version: string; readonly status: string }[]).map(({ version, status }) => [
      version,
      status,
    ]),
    Array.from({ length: 12 }, (_, n) => {
      const last = 1 + (n % 4)
      if (n % 4 === 1) return [String(n % 3 === 0 ? last + 3 : last + 1), 'DELETED']
      return n % 3 === 0 ? [String(last + 1), 'UNSPECIFIED'] : [String(last), 'ACTIVE']
    }),
  )
})

test('rows and positions are written together; a writer that stands elsewhere writes nothing', async (t) => {
  const opened = await openProjection(t, 'public.people')
  if (opened === undefined) return
  const { pool, projection, read } = opened
  await projection.create(pool)
  await projection.create(pool)
  await using writer = await openWriter(opened)
  assert.equal(await projection.openWriter(), undefined, 'one writer at a time')
  assert.equal(await writer.load(), undefined)
  await beginList(writer)
  const step = makeSteps(0)
  await writer.save({ users: [makeRow(1, 1)], steps: [step()] })
  const other = makeSteps(0)
  await assert.rejects(writer.save({ users: [makeRow(2, 1)], steps: [other()] }), /another process/)
  const broken = { ...makeRow(3, 1), id: 'no uuid' }
  await assert.rejects(writer.save({ users: [makeRow(2, 1), broken], steps: [step()] }))
  assert.deepEqual(
    (await read()).map(({ id }) => id),
    [toId(1)],
  )
  const state = await writer.load()
  assert.deepEqual(state?.partitions[0], { partition: 0, next: 1n, isListed: false })
  assert.deepEqual([state?.isComplete, state?.asOf, state?.beganAt], [false, undefined, at(0)])
})

test('the table is as old as its oldest partition, once all of them are listed', async (t) => {
  const opened = await openProjection(t)
  if (opened === undefined) return
  const { pool, projection } = opened
  await projection.create(pool)
  await using writer = await openWriter(opened)
  await beginList(writer)
  const [first, second] = [makeSteps(0), makeSteps(1)]
  const listed = (ms: number) => ({ isListed: true, asOf: at(ms) })
  assert.equal(await writer.save({ users: [], steps: [first(listed(10))] }), undefined)
  assert.equal(await writer.save({ users: [makeRow(1, 1)], steps: [first({ isListed: true })] }), undefined)
  assert.equal(await projection.readAsOf(), undefined)
  assert.deepEqual(await writer.save({ users: [], steps: [second(listed(12))] }), at(10))
  assert.deepEqual(await writer.save({ users: [], steps: [first(listed(20))] }), at(12))
  assert.deepEqual(await projection.readAsOf(), at(12))
  const { rows } = await pool.query('select as_of, is_complete from auth_users_state')
  assert.deepEqual(rows, [{ as_of: at(12), is_complete: true }])
})

test('a list that begins anew empties nothing; who is not in it is deleted at its end, and could come back', async (t) => {
  const opened = await openProjection(t)
  if (opened === undefined) return
  const { pool, projection, read } = opened
  await projection.create(pool)
  await using writer = await openWriter(opened)
  await beginList(writer)
  const listed = (ms: number) => ({ isListed: true, asOf: at(ms) })
  const users = [makeRow(1, 5), makeRow(2, 5), makeDeleted(3, 2)]
  await writer.save({ users, steps: [makeSteps(0)(listed(1)), makeSteps(1)(listed(1))] })
  await beginList(writer, 'e1', 100n)
  assert.equal((await writer.load())?.asOf?.getTime(), at(1).getTime(), 'what was complete stays so')
  const [first, second] = [makeSteps(0, 100n), makeSteps(1, 100n)]
  const older = [makeRow(1, 4), makeRow(3, 1)]
  await writer.save({ users: older, steps: [first(listed(2))] })
  const statuses = async () => (await read()).map(({ status, version }) => [status, version])
  const before = [
    ['ACTIVE', '5'],
    ['ACTIVE', '5'],
    ['DELETED', '2'],
  ]
  assert.deepEqual(await statuses(), before)
  await writer.save({ users: [], steps: [second(listed(2))] })
  assert.deepEqual(await statuses(), [before[0], ['DELETED', '5'], before[2]])
  const { username, display_name, roles } = (await read())[1] ?? {}
  assert.deepEqual([username, display_name, roles], [null, null, []])
  await writer.save({ users: [makeRow(2, 6)], steps: [second()] })
  assert.deepEqual((await statuses())[1], ['ACTIVE', '6'])
})

test('rows of a new epoch take the place of those of older ones, whatever their version', async (t) => {
  const opened = await openProjection(t)
  if (opened === undefined) return
  const { pool, projection, read } = opened
  await projection.create(pool)
  await using writer = await openWriter(opened)
  await beginList(writer)
  await writer.save({ users: [makeRow(1, 9), makeRow(2, 9), makeDeleted(3, 9)], steps: [makeSteps(0)()] })
  await beginList(writer, 'e2')
  const of = { epoch: 'e2' }
  const listed = { isListed: true, asOf: at(2) }
  await writer.save({
    users: [makeRow(1, 2, of), makeRow(3, 1, of)],
    steps: [makeSteps(0)(listed), makeSteps(1)(listed)],
  })
  assert.deepEqual(
    (await read()).map(({ epoch, status, version }) => [status, version, epoch]),
    [
      ['ACTIVE', '2', 'e2'],
      ['DELETED', '9', ''],
      ['ACTIVE', '1', 'e2'],
    ],
  )
})

test('a table that is not there is named, with the statements that make it; a writer that is closed leaves it to others', async (t) => {
  const opened = await openProjection(t)
  if (opened === undefined) return
  const { pool, projection } = opened
  {
    await using writer = await openWriter(opened)
    await assert.rejects(
      writer.load(),
      /auth_users of users is not there; .*projection\.create[\s\S]*create table if not exists auth_users_state/,
    )
  }
  for (const statement of projection.statements) await pool.query(statement)
  await using writer = await openWriter(opened)
  assert.equal(await writer.load(), undefined)
})

test('a table name that is none is refused at once', () => {
  const pool = { connect: () => assert.fail('connected') }
  for (const table of ['', 'Users', 'a b', 'a;drop table b', 'a.b.c', 'a'.repeat(54)]) {
    assert.throws(() => makePostgresUserProjection({ pool, table }), TypeError)
  }
})

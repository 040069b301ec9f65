import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { openOnKafka, reconcile } from './events-on-kafka.ts'
import { listAudited } from './list-audited.ts'
import { openTestAuth } from './open-test-auth.ts'
import { runAuthctl, startAuthctl } from './run-authctl.ts'

test('tail prints the last events, narrowed by user and topic, a line each or JSON', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const auth = await openTestAuth({ databaseUrl: database.url })
  t.after(() => auth.close())
  const [mina, other] = [await auth.signUp(), await auth.signUp()]
  await auth.logIn(mina)
  await auth.logIn(other)
  const numbered = auth.database.kysely.selectFrom('outbox').select('id').where('pub_seq', 'is not', null)
  await until(async () => (await numbered.execute()).length === 4)
  const tail = async (...args: string[]) => {
    const { code, stdout, stderr } = await runAuthctl(
      { DATABASE_URL: database.url },
      'events',
      'tail',
      ...args,
    )
    assert.deepEqual([code, stderr], [0, ''])
    return stdout.split('\n').filter((line) => line !== '')
  }
  assert.equal((await tail()).length, 4)
  assert.match(
    (await tail('--user', mina.id)).join('\n'),
    /^1 \S+Z user_created .* #1 \{.*\n3 \S+Z login_succeeded .* #2 /,
  )
  const [last, ...more] = await tail('--topic', 'auth.events.login_succeeded', '--lines', '1', '--json')
  const { userId, event, userSequence, data } = JSON.parse(last ?? '')
  assert.deepEqual([userId, event, userSequence, data.userId], [other.id, 'login_succeeded', 2, other.id])
  assert.deepEqual(more, [])
})

test('tail --follow prints events as they come, until it is interrupted', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const auth = await openTestAuth({ databaseUrl: database.url })
  t.after(() => auth.close())
  await auth.signUp()
  const lines: string[] = []
  const child = startAuthctl({ DATABASE_URL: database.url }, 'events', 'tail', '--follow', '--lines', '0')
  t.after(() => child.kill('SIGKILL'))
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  // Where it begins is not said: each of these may be before or after.
  await until(async () => {
    await auth.signUp()
    return lines.length > 0
  }, 30_000)
  const { username } = await auth.signUp()
  await until(() => lines.some((line) => line.includes(username)))
  const numbers = lines.map((line) => Number(line.split(' ')[0]))
  assert.deepEqual(
    numbers,
    numbers.map((_, n) => (numbers[0] ?? 0) + n),
  )
  child.kill('SIGINT')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('replay publishes again what was published, same bytes and numbers, of one user or since a time', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, published, read, run } = opened
  const [mina, other] = [await auth.signUp(), await auth.signUp()]
  await auth.logIn(mina)
  await published()
  const before = await read()
  assert.equal((await run('replay', '--user', mina.id)).stdout, '2 events were published again\n')
  const after = await read()
  const of = (records: typeof after, { id }: { readonly id: string }) =>
    records.filter(({ key }) => key === id)
  const again = of(after, mina)
  assert.equal(after.length, before.length + 2)
  const texts = new Set(again.map(({ headers, value }) => JSON.stringify([headers, value])))
  assert.equal(texts.size, 2, 'O5: a repetition is what it repeats')
  assert.equal(of(after, other).length, of(before, other).length)
  const since = new Date(Date.now() - 3_600_000).toISOString()
  assert.deepEqual(JSON.parse((await run('replay', '--since', since, '--json')).stdout), { replayed: 3 })
  assert.deepEqual(JSON.parse((await run('replay', '--since', '2999-01-01', '--json')).stdout), {
    replayed: 0,
  })
  assert.deepEqual((await reconcile(run)).code, 0)
  assert.deepEqual(await listAudited(auth, 'event.%'), [
    `OPERATOR event.replay ${mina.id}`,
    `OPERATOR event.replay since ${since}`,
    'OPERATOR event.replay since 2999-01-01T00:00:00.000Z',
  ])
})

test('replay and reconcile leave to the relay what it has not published', async (t) => {
  const opened = await openOnKafka(t)
  if (opened === undefined) return
  const { auth, published, read, run } = opened
  const mina = await auth.signUp()
  await published()
  const before = await read()
  // The relay looks at each number once.
  await sql`update outbox set published_at = null`.execute(auth.database.kysely)
  assert.equal((await run('replay', '--user', mina.id)).stdout, '0 events were published again\n')
  const { code, events, records, phantom } = await reconcile(run)
  assert.deepEqual([code, events, records, phantom], [0, 0, before.length, []])
})

test('wrong options end with 2, no brokers with 1, each in one line', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const environment = { DATABASE_URL: database.url }
  await runAuthctl(environment, 'migrate')
  const cases: readonly (readonly [code: number, ...args: string[]])[] = [
    [2, 'replay'],
    [2, 'replay', '--user', 'mina'],
    [2, 'replay', '--since', 'soon'],
    [2, 'tail', '--topic', 'user_promoted'],
    [2, 'tail', '--lines', 'x'],
    [1, 'replay', '--since', '2026-01-01'],
    [1, 'reconcile'],
  ]
  for (const [code, ...args] of cases) {
    const ended = await runAuthctl(environment, 'events', ...args)
    assert.deepEqual(
      [ended.code, ended.stdout, ended.stderr.trimEnd().split('\n').length],
      [code, '', 1],
      args.join(' '),
    )
  }
})

test('parked lists what the broker refuses, and retry has it tried at once', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const auth = await openTestAuth({ databaseUrl: database.url })
  t.after(() => auth.close())
  const facts = { pub_seq: 7, reason: 'MESSAGE_TOO_LARGE', retry_at: new Date(Date.now() + 3_600_000) }
  const run = (...args: string[]) => runAuthctl({ DATABASE_URL: database.url }, 'events', ...args)
  assert.equal((await run('parked')).stdout.trim(), 'no key is parked')
  const keys = auth.database.kysely.insertInto('parked_keys')
  await keys.values({ kind: 'STATES', key: 'mina', ...facts }).execute()
  assert.match((await run('parked')).stdout, /mina +state withheld +MESSAGE_TOO_LARGE/)
  assert.match((await run('retry', '--key', 'nobody')).stdout, /nothing is parked/)
  assert.match((await run('retry', '--key', 'mina')).stdout, /^1 will be tried/)
  const [{ retryAt }] = JSON.parse((await run('parked', '--json')).stdout)
  assert.ok(new Date(retryAt).getTime() < Date.now() + 60_000)
})

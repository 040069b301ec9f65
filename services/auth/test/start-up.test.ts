import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort } from '../../../tools/parts/free-port.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { connect } from './open-test-auth.ts'
import { type ServingProcess, spawnAuthProcess, startAuthProcess } from './start-auth-process.ts'
import { getVerdict, refresh } from './validations.ts'

/** Starts it with something wrong, and asserts that it ends with one line that says what, and with this exit code. */
async function assertEnds(environment: NodeJS.ProcessEnv, line: RegExp, code = 1): Promise<string> {
  await using started = await spawnAuthProcess(environment)
  const end = await started.ended
  assert.match(started.stderr(), line)
  assert.deepEqual(end, { code, signal: null })
  if (code === 1) assert.match(started.stderr(), /^auth: [^\n]+\n$/, 'one line')
  return started.stderr()
}

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'auth-data-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Signs up and logs in at a process, and gives what a later process must still honour. */
async function signIn(process: ServingProcess) {
  const client = connect(process.address)
  const person = await client.signUp()
  const tokens = await client.logIn(person)
  client.close()
  return { person, tokens }
}

async function assertHonoured(
  process: ServingProcess,
  { person, tokens }: Awaited<ReturnType<typeof signIn>>,
) {
  const client = connect(process.address)
  assert.equal(await getVerdict(client, tokens.accessToken), 'VALID')
  await refresh(client, tokens.refreshToken)
  await client.logIn(person)
  client.close()
}

test('a database that does not answer is told in one line without the password', async () => {
  const port = await freePort()
  const line = await assertEnds(
    { DATABASE_URL: `postgres://mina:s3cret@127.0.0.1:${port}/auth` },
    /database/i,
  )
  assert.match(line, /DATABASE_URL/)
  assert.doesNotMatch(line, /s3cret/)
})

test('a database that is not there is told in one line', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const url = new URL(database.url)
  url.pathname = '/no_such_database'
  await assertEnds({ DATABASE_URL: url.href }, /no_such_database/)
})

for (const variable of ['AUTH_GRPC_LISTEN', 'AUTH_EDGE_LISTEN', 'AUTH_ADMIN_LISTEN']) {
  test(`${variable} with a port in use is told in one line`, async (t) => {
    const holder = createServer().listen(0, '127.0.0.1')
    t.after(() => holder.close())
    await once(holder, 'listening')
    const bound = holder.address()
    const address = typeof bound === 'object' ? `127.0.0.1:${bound?.port}` : ''
    const line = await assertEnds({ [variable]: address, AUTH_DATA_DIR: await makeFolder(t) }, /in use/)
    assert.ok(line.includes(address), line)
  })
}

test('a configuration with faults lists all of them and exits 78', async () => {
  const environment = {
    DATABASE_URL: 'mysql://127.0.0.1/auth',
    KAFKA_BROKERS: 'kafka',
    AUTH_ACCESS_TTL: 'soon',
    AUTH_GRPC_LISTEN: '50051',
    AUTH_PASSWORD_MIN_LENGTH: '1',
    AUTH_MASTER_KEY: 'c2hvcnQ=',
  }
  const text = await assertEnds(environment, /^auth: settings are not valid/, 78)
  for (const name of Object.keys(environment)) assert.match(text, new RegExp(`^ {2}${name}: `, 'm'))
})

test('a second process on one data folder is told who has it, and the first goes on', async (t) => {
  const folder = await makeFolder(t)
  await using first = await startAuthProcess({ AUTH_DATA_DIR: folder })
  const line = await assertEnds({ AUTH_DATA_DIR: folder }, /in use by process/)
  assert.ok(line.includes(String(first.pid)) && line.includes(folder), line)
  await assertHonoured(first, await signIn(first))
})

test('the embedded database says that it is for development, and keeps keys and accounts over a stop and a kill', async (t) => {
  const environment = { AUTH_DATA_DIR: await makeFolder(t), AUTH_MASTER_KEY: '' }
  let honoured: Awaited<ReturnType<typeof signIn>>
  {
    await using first = await startAuthProcess(environment)
    assert.match(String(first.lines[0]?.msg), /for development/)
    honoured = await signIn(first)
    assert.deepEqual(await first.kill('SIGTERM'), { code: 0, signal: null })
  }
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    await using next = await startAuthProcess(environment)
    await assertHonoured(next, honoured)
    honoured = await signIn(next)
    await next.kill(signal)
  }
  await using last = await startAuthProcess(environment)
  await assertHonoured(last, honoured)
})

test('on PostgreSQL the keys stay over a restart, and another master key is told in one line', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const environment = { DATABASE_URL: database.url }
  await using first = await startAuthProcess(environment)
  const honoured = await signIn(first)
  await first.kill('SIGTERM')
  await assertEnds({ ...environment, AUTH_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') }, /master key/)
  await using second = await startAuthProcess(environment)
  await assertHonoured(second, honoured)
})

test('told to stop, it ends streams that are open and exits with 0', async (t) => {
  await using process = await startAuthProcess({ AUTH_DATA_DIR: await makeFolder(t) })
  await signIn(process)
  const client = connect(process.address)
  const [watch, batches] = [client.events.watchEvents({}), client.auth.validateTokens()]
  for (const stream of [watch, batches]) stream.on('error', () => undefined).resume()
  await once(watch, 'data')
  const startMs = performance.now()
  assert.deepEqual(await process.kill('SIGTERM'), { code: 0, signal: null })
  assert.ok(performance.now() - startMs < 9000, 'it waited for its streams')
  client.close()
})

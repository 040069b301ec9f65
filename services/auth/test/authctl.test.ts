import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { readKeyId, readPublished } from './key-replicas.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { runAuthctl } from './run-authctl.ts'
import { startAuthProcess } from './start-auth-process.ts'
import { getVerdict, readPayload, refresh } from './validations.ts'

const postgres = await sharedPostgres()
const skip = 'skipReason' in postgres && postgres.skipReason

describe('authctl beside a running service on PostgreSQL', { skip }, () => {
  let database: TestDatabase
  let service: TestAuth

  before(async () => {
    const made = await createTestDatabase()
    if ('skipReason' in made) throw new Error(made.skipReason)
    database = made
    service = await openTestAuth({ databaseUrl: database.url })
  })
  after(async () => {
    await service?.close()
    await database?.close()
  })

  const signIn = async () => {
    const person = await service.signUp()
    return { person, tokens: await service.logIn(person) }
  }
  const run = (...args: string[]) => runAuthctl({ DATABASE_URL: database.url }, ...args)
  /** What the command prints; it must succeed and complain of nothing. */
  const say = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args)
    assert.deepEqual([code, stderr], [0, ''], stderr)
    return stdout
  }
  const read = async (...args: string[]) => JSON.parse(await say(...args, '--json'))

  test('keys list tells where each key stands, to people and to machines', async () => {
    const text = await say('keys', 'list')
    assert.match(text, /^KID +PURPOSE +ALGORITHM +STATE/)
    assert.match(text, /signing +ES256 +CURRENT/)
    const keys = await read('keys', 'list')
    const signing = keys.find((key: { purpose: string }) => key.purpose === 'signing')
    assert.equal(signing.id, readKeyId((await signIn()).tokens))
    assert.ok(!JSON.stringify(keys).includes('sealed'))
  })

  test('keys rotate plans a key that the service publishes and does not use yet; --now uses it', async () => {
    const { person, tokens } = await signIn()
    const planned = await read('keys', 'rotate')
    assert.equal(planned.outcome, 'PLANNED')
    assert.ok(Date.parse(planned.signsFrom) - Date.now() > 600_000)
    await until(async () => (await readPublished(service)).includes(planned.keyId))
    assert.equal(readKeyId(await service.logIn(person)), readKeyId(tokens))
    assert.match(await say('keys', 'rotate'), new RegExp(`^nothing changed: signing key ${planned.keyId}`))
    assert.equal((await read('keys', 'rotate', '--now')).keyId, planned.keyId)
    await until(async () => readKeyId(await service.logIn(person)) === planned.keyId)
    assert.equal(await getVerdict(service, tokens.accessToken), 'VALID')
  })

  test('keys rotate --purpose refresh: tokens of before and after are exchanged', async () => {
    const { person, tokens } = await signIn()
    await say('keys', 'rotate', '--purpose', 'refresh', '--now')
    const before = await refresh(service, tokens.refreshToken)
    const after = await service.logIn(person)
    for (const { refreshToken } of [before, after]) await refresh(service, refreshToken)
  })

  test('keys revoke refuses every token of the key at once, and the next login works', async () => {
    const { person, tokens } = await signIn()
    const keyId = readKeyId(tokens)
    const { signingKeyId, revocation } = await read('keys', 'revoke', keyId, '--yes')
    assert.deepEqual([revocation.entries[0].type, revocation.entries[0].reason], ['KEY', 'OPERATOR'])
    assert.equal(await getVerdict(service, tokens.accessToken), 'REVOKED')
    await until(async () => readKeyId(await service.logIn(person)) === signingKeyId)
    assert.match(await say('keys', 'revoke', keyId, '--yes'), /^nothing changed/)
  })

  test('revoke token refuses one token and leaves its session', async () => {
    const { tokens } = await signIn()
    await say('revoke', 'token', String(readPayload(tokens.accessToken).jti), '--yes')
    assert.equal(await getVerdict(service, tokens.accessToken), 'REVOKED')
    const next = await refresh(service, tokens.refreshToken)
    assert.equal(await getVerdict(service, next.accessToken), 'VALID')
  })

  test('revoke session and sessions end end one session, and say so where it had ended', async () => {
    const { person, tokens } = await signIn()
    const other = await service.logIn(person)
    await say('sessions', 'end', tokens.sessionId, '--yes')
    assert.equal(await getVerdict(service, tokens.accessToken), 'REVOKED')
    await assertRefused(refresh(service, tokens.refreshToken), 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    assert.equal(await getVerdict(service, other.accessToken), 'VALID')
    assert.match(await say('sessions', 'list', person.email), new RegExp(`\\n${other.sessionId} +web `))
    assert.match(await say('revoke', 'session', tokens.sessionId, '--yes'), /^nothing changed/)
    await say('revoke', 'session', other.sessionId, '--yes')
    assert.equal(await getVerdict(service, other.accessToken), 'REVOKED')
    assert.equal(await say('sessions', 'list', person.id), 'no live sessions\n')
  })

  test('revoke user ends all tokens and sessions of a user, who may log in again', async () => {
    const { person, tokens } = await signIn()
    await say('revoke', 'user', person.username, '--yes')
    assert.equal(await getVerdict(service, tokens.accessToken), 'REVOKED')
    await assertRefused(refresh(service, tokens.refreshToken), 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    assert.equal(await getVerdict(service, (await service.logIn(person)).accessToken), 'VALID')
  })

  test('revoke issuer refuses all that was issued up to now; what is issued next is valid, and sessions go on', async () => {
    const { person, tokens } = await signIn()
    const { issuer } = service.deps.settings
    await say('revoke', 'issuer', issuer, '--yes')
    assert.equal(await getVerdict(service, tokens.accessToken), 'REVOKED')
    for (const next of [await refresh(service, tokens.refreshToken), await service.logIn(person)]) {
      assert.equal(await getVerdict(service, next.accessToken), 'VALID')
    }
    const other = await run('revoke', 'issuer', 'https://elsewhere', '--yes')
    assert.deepEqual([other.code, other.stdout], [1, ''])
  })

  test('users limits tells which failures are counted, and unlock forgets them beside the running service', async () => {
    const { person } = await signIn()
    assert.match(await say('users', 'limits', person.id), /nothing is counted/)
    for (let at = 0; at < 10; at += 1) {
      await assertRefused(
        service.auth.login({ identifier: person.email, password: 'a wrong password' }),
        'UNAUTHENTICATED',
        'INVALID_CREDENTIALS',
      )
    }
    const logIn = () => service.auth.login({ identifier: person.email, password: person.password })
    await assertRefused(logIn(), 'RESOURCE_EXHAUSTED', 'TOO_MANY_LOGINS')
    const text = await say('users', 'limits', person.username)
    assert.match(text, /login_account +10 of 10 +1[45] min/)
    assert.match(text, /login_account +10 of 50 +30 d/)
    assert.match(await say('users', 'unlock', person.id), /may log in again/)
    await logIn()
    assert.match(await say('users', 'unlock', person.id), /nothing changed/)
  })

  test('users get, suspend and activate take an id, a username or an e-mail, and tell no secret', async () => {
    const { person, tokens } = await signIn()
    const user = await read('users', 'get', person.email)
    assert.deepEqual([user.id, user.status], [person.id, 'ACTIVE'])
    assert.ok(!/password/i.test(JSON.stringify(user)))
    assert.match(await say('users', 'suspend', person.username, '--yes'), /is SUSPENDED now/)
    assert.equal(await getVerdict(service, tokens.accessToken), 'USER_SUSPENDED')
    assert.match(await say('users', 'activate', person.id), /is ACTIVE now/)
    assert.equal(await getVerdict(service, (await service.logIn(person)).accessToken), 'VALID')
  })

  test('audit list tells what was done at this command and by whom; verify says where the chain ends', async () => {
    const { person } = await signIn()
    await say('users', 'suspend', person.username, '--yes')
    const [suspended, ...before] = await read('audit', 'list', '--user', person.email)
    assert.deepEqual([suspended.action, suspended.changed_fields], ['user.update', ['status']])
    assert.deepEqual([suspended.actor_kind, suspended.actor_id], ['OPERATOR', userInfo().username])
    assert.deepEqual(
      before.map(({ action }: { action: string }) => action),
      ['session.create', 'user.create'],
    )
    const text = await say(
      'audit',
      'list',
      '--actor',
      userInfo().username,
      '--action',
      'user.update',
      'key.plan',
    )
    assert.match(text, /^AT +WHO +ACTION +TARGET +OUTCOME +FIELDS +FROM/)
    assert.match(
      text,
      new RegExp(`operator ${userInfo().username} +user.update +user ${person.id} +succeeded +status`),
    )
    const byKind = async (kind: string) => {
      const rows = await read('audit', 'list', '--user', person.id, '--actor-kind', kind)
      return rows.map(({ action }: { action: string }) => action)
    }
    assert.deepEqual(await byKind('operator'), ['user.update'])
    assert.deepEqual(await byKind('service'), ['session.create', 'user.create'])
    const { end, findings } = await read('audit', 'verify')
    assert.deepEqual(findings, [])
    await say('audit', 'verify', '--expect', `${end.seq}:${end.hash}`)
    const other = await run('audit', 'verify', '--expect', `${end.seq}:${'0'.repeat(64)}`)
    assert.equal(other.code, 1)
    assert.match(other.stdout, /^the chain does not have the entry /)
  })

  const complaints: readonly (readonly [args: string[], code: number, line: RegExp])[] = [
    [['users', 'get', toUniqueName()], 1, /^authctl: there is no such user$/],
    [['sessions', 'end', 'x', '--yes'], 1, /^authctl: session_id must be a UUID$/],
    [['keys', 'revoke', 'x', '--yes'], 1, /^authctl: there is no signing key x/],
    [['keys', 'revoke', 'x'], 2, /^authctl: needs --yes /],
    [['keys', 'revoke', '--yes'], 2, /^authctl: missing required argument 'kid'$/],
    [['audit', 'list', '--outcome', 'odd'], 2, /^authctl: --outcome is succeeded, failed or denied$/],
    [
      ['audit', 'list', '--actor-kind', 'people'],
      2,
      /^authctl: --actor-kind is one of service, user, operator, system, anonymous$/,
    ],
    [['audit', 'verify', '--expect', 'x'], 2, /^authctl: --expect is <seq>:<64 hexadecimal digits>$/],
    [['kyes'], 2, /^authctl: unknown command 'kyes'/],
  ]
  for (const [args, code, line] of complaints) {
    test(`"${args.join(' ').replace(/u[0-9a-f]{12}/, 'nobody')}" ends with ${code} and one line`, async () => {
      const ended = await run(...args)
      assert.deepEqual([ended.code, ended.stdout], [code, ''])
      assert.match(ended.stderr.trimEnd(), line)
      assert.equal(ended.stderr.trimEnd().split('\n').length, 1)
    })
  }
})

test('authctl migrate brings an empty database to this version, and other commands ask for it', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const environment = { DATABASE_URL: database.url }
  const early = await runAuthctl(environment, 'keys', 'list')
  assert.deepEqual([early.code, early.stdout], [1, ''])
  assert.match(early.stderr, /^authctl: [^\n]* run authctl migrate\n$/)
  assert.match((await runAuthctl(environment, 'migrate')).stdout, /^migrated: 0001-.*0003-key-lives/)
  assert.deepEqual(JSON.parse((await runAuthctl(environment, 'migrate', '--json')).stdout), {
    migrations: [],
  })
  assert.equal((await runAuthctl(environment, 'keys', 'list')).code, 0)
})

test('wrong settings are listed and end with 78; a database that does not answer with 1', async () => {
  const wrong = await runAuthctl({ AUTH_ACCESS_TTL: 'soon' }, 'keys', 'list')
  assert.equal(wrong.code, 78)
  assert.match(wrong.stderr, /^ {2}AUTH_ACCESS_TTL: /m)
  const away = await runAuthctl({ DATABASE_URL: 'postgres://mina:s3cret@127.0.0.1:1/auth' }, 'keys', 'list')
  assert.deepEqual([away.code, away.stdout], [1, ''])
  assert.match(away.stderr, /^authctl: the database does not answer[^\n]*\n$/)
  assert.doesNotMatch(away.stderr, /s3cret/)
})

test('on the embedded database it works while no service runs, and says who holds it while one does', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'auth-data-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const environment = { AUTH_DATA_DIR: folder }
  {
    await using service = await startAuthProcess(environment)
    const held = await runAuthctl(environment, 'keys', 'list')
    assert.deepEqual([held.code, held.stdout], [1, ''])
    assert.match(held.stderr, /^authctl: a running service holds the embedded database in [^\n]*\n$/)
    assert.deepEqual(await service.kill('SIGTERM'), { code: 0, signal: null })
  }
  const list = await runAuthctl(environment, 'keys', 'list', '--json')
  const keyId = JSON.parse(list.stdout).find((key: { purpose: string }) => key.purpose === 'signing').id
  const revoked = await runAuthctl(environment, 'keys', 'revoke', keyId, '--yes')
  assert.deepEqual([revoked.code, revoked.stderr], [0, ''])
  await using again = await startAuthProcess(environment)
  const jwks = await (await fetch(`http://127.0.0.1:${again.edgePort}/.well-known/jwks.json`)).text()
  assert.ok(!jwks.includes(keyId))
})

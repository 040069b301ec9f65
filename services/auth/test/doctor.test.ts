import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { toRevocationTopic, toTopic } from '@immersiverse/auth-contract'
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  Consumer,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka'
import { sql } from 'kysely'
import { freePort } from '../../../tools/parts/free-port.ts'
import { openKafka } from '../../../tools/parts/open-kafka.ts'
import { toPartMissing } from '../../../tools/parts/part-missing.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { checkCertificate } from '../src/doctor/check-certificate.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { until } from '../src/store/outbox-testing.ts'
import { expiredCertificate } from './expired-certificate.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { plantAuditFaults } from './plant-audit-faults.ts'
import { plantTopicFaults } from './plant-topic-faults.ts'
import { runAuthctl } from './run-authctl.ts'

async function openInstallation(t: TestContext) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const prefix = toUniqueName('t')
  const kafkaSettings = { KAFKA_BROKERS: kafka.brokers, AUTH_TOPIC_PREFIX: prefix }
  const auth = await openTestAuth({ databaseUrl: database.url, environment: kafkaSettings })
  let closing: Promise<void> | undefined
  const close = () => (closing ??= auth.close())
  t.after(close)
  const environment = { DATABASE_URL: database.url, ...kafkaSettings }
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.brokers.split(',') })
  await until(async () => (await admin.listTopics({})).includes(toRevocationTopic(prefix)), 60_000)
  await admin.close()
  return { auth, close, prefix, brokers: kafka.brokers.split(','), environment }
}

async function examine(environment: NodeJS.ProcessEnv, ...args: string[]) {
  const { code, stdout, stderr } = await runAuthctl(environment, 'doctor', '--json', ...args)
  assert.equal(stderr, '')
  const { findings }: { findings: Finding[] } = JSON.parse(stdout)
  const faults = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
  assert.equal(code, faults.length === 0 ? 0 : 1)
  for (const { remedy, what } of faults) assert.ok(remedy, `no remedy: ${what}`)
  for (const { what, remedy = '' } of findings) assert.doesNotMatch(what + remedy, /\n/)
  return { findings, faults, code }
}

/** Serves at a port of its own until the test ends, and returns `host:port`. */
async function listen(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serveExpired = (t: TestContext) =>
  listen(
    t,
    createTlsServer({ ...expiredCertificate }, () => undefined),
  )

test('doctor finds nothing wrong with a service on PostgreSQL and Kafka, and says what it looked at', async (t) => {
  const opened = await openInstallation(t)
  if (opened === undefined) return
  const { auth, environment } = opened
  const person = await auth.signUp()
  await auth.logIn(person)
  const asked = [
    '--edge',
    `http://127.0.0.1:${auth.service.edgePort}/`,
    '--grpc',
    `127.0.0.1:${auth.service.grpcPort}`,
  ]
  const { faults, findings, code } = await examine(environment, ...asked)
  assert.deepEqual([code, faults], [0, []])
  const looked = new Set(findings.filter(({ severity }) => severity === 'ok').map(({ check }) => check))
  assert.deepEqual([...looked].sort(), [
    ...[
      'audit lane',
      'audit trail',
      'clock',
      'database',
      'edge',
      'event relay',
      'grpc',
      'heartbeats',
      'kafka',
      'outbox',
    ],
    ...['parked keys', 'revocation lane', 'signing key', 'topics', 'usernames'],
  ])
  const writers = findings.filter(({ check }) => check === 'writers')
  assert.match(
    writers.map(({ severity, what }) => `${severity} ${what}`).join(),
    /^note the brokers have no ACLs/,
  )
  const text = await runAuthctl(environment, 'doctor')
  assert.equal(text.code, 0)
  assert.match(text.stdout, /^note {5}callers: AUTH_CALLERS_FILE is not set.*\nok {7}database: reachable/)
  assert.match(text.stdout, /nothing is wrong\n$/)
})

test('doctor names every planted fault with its remedy, and ends with 1', async (t) => {
  const opened = await openInstallation(t)
  if (opened === undefined) return
  const { auth, close, prefix, brokers, environment } = opened
  for (let n = 0; n < 3; n += 1) await auth.signUp()
  await until(async () => (await countPending(auth)) === 0, 60_000)
  await plantTopicFaults(brokers, prefix)
  const [idle, busy] = [toUniqueName('idle'), toUniqueName('busy')]
  await (await joinGroup(brokers, prefix, idle)).close(true)
  const member = await joinGroup(brokers, prefix, busy)
  t.after(() => member.close(true))
  await sql`update keys set signs_from = now() - interval '90 days' where purpose = 'signing'`.execute(
    auth.database.kysely,
  )
  await sql`update outbox set published_at = null, occurred_at = now() - interval '1 hour'
    where pub_seq = (select max(pub_seq) from outbox)`.execute(auth.database.kysely)
  await plantParked(auth)
  await close()
  await plantAuditFaults(environment.DATABASE_URL)
  const closedMs = Date.now()
  await until(() => Date.now() - closedMs > 3500)
  const foreign = createServer((request, response) => {
    const isKeys = request.url === '/.well-known/jwks.json'
    response.end(JSON.stringify(isKeys ? { keys: [{ kid: 'x' }] } : { issuer: 'https://other.test' }))
  })
  const edge = `http://${await listen(t, foreign)}`
  const closed = `127.0.0.1:${await freePort()}`
  const asked = ['--edge', edge, '--grpc', closed, '--tls', await serveExpired(t), '--max-lag', '0']
  const { faults } = await examine(environment, ...asked)
  const expected: readonly (readonly [severity: string, check: string, what: RegExp])[] = [
    ['error', 'event relay', /no service leads it/],
    ['error', 'revocation lane', /no service leads it/],
    ['error', 'audit lane', /no service leads it/],
    ['error', 'audit trail', /^\d+ rows have no entry in the chain, the oldest for 1 h$/],
    ['warning', 'audit trail', /^months without a part: \d{6}; their rows go to audit_log_rest/],
    ['error', 'outbox', /^1 events wait, the oldest for 1 h$/],
    ['error', 'parked keys', /^the events of 1 key: somebody \(MESSAGE_TOO_LARGE\) wait$/],
    ['warning', 'parked keys', /^the states of 1 key: .* are withheld/],
    ['warning', 'signing key', /signs since 90 d, longer than/],
    ['error', 'edge', /keys of another installation/],
    ['error', 'edge', /issues as https:\/\/other\.test/],
    ['error', 'topics', new RegExp(`^${prefix}\\.events\\.user_deleted is missing$`)],
    ['warning', 'topics', /login_failed has retention\.ms=60000 instead of 2592000000/],
    ['error', 'topics', /logged_out has cleanup\.policy=compact instead of delete/],
    ['error', 'topics', /dlq has 13 partitions instead of 12/],
    ['error', 'heartbeats', /the newest is \d+ s old/],
    ['error', 'consumer groups', new RegExp(`^${idle} has no members and is [3-9] records behind`)],
    ['warning', 'consumer groups', new RegExp(`^${busy} is [3-9] records behind`)],
    ['error', 'grpc', /does not answer/],
    ['error', 'certificate', /\(localhost\) expired \d+ d ago/],
  ]
  for (const [severity, check, what] of expected) {
    const found = faults.filter((fault) => fault.check === check && what.test(fault.what))
    assert.deepEqual(
      found.map((fault) => fault.severity),
      [severity],
      `${check} ${what}\n${JSON.stringify(faults, undefined, 1)}`,
    )
  }
  assert.equal(faults.length, expected.length, JSON.stringify(faults, undefined, 1))
})

async function countPending({ database }: Pick<Awaited<ReturnType<typeof openTestAuth>>, 'database'>) {
  const rows = await database.kysely
    .selectFrom('outbox')
    .select('id')
    .where('published_at', 'is', null)
    .execute()
  return rows.length
}

async function plantParked({ database: { kysely } }: Parameters<typeof countPending>[0]): Promise<void> {
  const facts = { key: 'somebody', pub_seq: 0, reason: 'MESSAGE_TOO_LARGE', retry_at: new Date(4e12) }
  const kinds = ['EVENTS', 'STATES'] as const
  const rows = kinds.map((kind) => ({ kind, ...facts }))
  await kysely.insertInto('parked_keys').values(rows).execute()
}

/** A member of a group that has handled nothing yet. */
async function joinGroup(brokers: string[], prefix: string, groupId: string): Promise<Consumer> {
  const consumer = new Consumer({ clientId: 'test', groupId, bootstrapBrokers: brokers })
  const topic = toTopic('user_created', prefix)
  await consumer.topics.trackAll(topic)
  await consumer.joinGroup({})
  const offsets = Array.from({ length: 12 }, (_, partition) => ({
    topic,
    partition,
    offset: 0n,
    leaderEpoch: 0,
  }))
  await consumer.commit({ offsets })
  return consumer
}

test('doctor tells a database that is away from one without a schema, and goes on with the rest', async (t) => {
  const away = await examine({
    DATABASE_URL: 'postgres://mina:s3cret@127.0.0.1:1/auth',
    KAFKA_BROKERS: '127.0.0.1:1',
  })
  assert.deepEqual(
    away.faults.map(({ check, severity }) => [check, severity]),
    [
      ['database', 'error'],
      ['kafka', 'error'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(away.findings), /s3cret/)
  const empty = await openTestDatabase(t)
  if (empty === undefined) return
  const { faults } = await examine({ DATABASE_URL: empty.url })
  assert.deepEqual(
    faults.map(({ check, remedy }) => [check, remedy]),
    [['database', 'run authctl migrate, or start the service, which does so']],
  )
})

test('doctor names everybody who may write the topics besides the service', async (t) => {
  const kafka = await openGuardedKafka(t)
  if (kafka === undefined) return
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.brokers] })
  t.after(() => admin.close())
  const allow = (principal: string, resourceName: string, operation: number, prefixed = false) =>
    admin.createAcls({
      creations: [
        {
          resourceType: ResourceTypes.TOPIC,
          resourceName,
          resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          principal,
          host: '*',
          operation: operation as typeof AclOperations.WRITE,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    })
  // The database is away: what is said of Kafka does not depend on it.
  const environment = { DATABASE_URL: 'postgres://127.0.0.1:1/auth', KAFKA_BROKERS: kafka.brokers }
  const look = async () =>
    (await examine(environment)).findings
      .filter(({ check }) => check === 'writers')
      .map(({ severity, what }) => `${severity} ${what}`)
  assert.deepEqual(await look(), ['ok allowed to write: super users only'])
  await allow('User:auth', 'auth.', AclOperations.ALL, true)
  await allow('User:chat', 'auth.events.user_created', AclOperations.READ)
  await allow('User:chat', 'auth.events.dlq', AclOperations.WRITE)
  await until(async () => (await look()).join() === 'ok allowed to write: User:auth', 60_000)
  await allow('User:chat', 'auth.events.token_blacklist', AclOperations.WRITE)
  await until(async () => (await look()).join() === 'error allowed to write: User:auth, User:chat', 60_000)
})

async function openGuardedKafka(t: TestContext) {
  const settings = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
  }
  try {
    const kafka = await openKafka({ settings })
    t.after(() => kafka.close())
    return kafka
  } catch (error) {
    t.skip(toPartMissing('Kafka', error).skipReason)
    return undefined
  }
}

test('a certificate that expires within three weeks is a warning, a later one is none', async (t) => {
  const address = await serveExpired(t)
  const judge = async (now: string) => (await checkCertificate(address, new Date(now)))[0]?.severity
  assert.equal(await judge('2020-01-05T00:00:00Z'), 'ok')
  assert.equal(await judge('2020-01-20T00:00:00Z'), 'warning')
  assert.equal(await judge('2020-02-01T00:00:01Z'), 'error')
  assert.equal(await judge('2019-12-31T00:00:00Z'), 'error')
})

test('wrong options of doctor end with 2 and one line', async () => {
  for (const args of [
    ['--edge', 'ftp://x'],
    ['--grpc', 'x'],
    ['--tls', 'x:y'],
    ['--max-lag', '-1'],
  ]) {
    const { code, stdout, stderr } = await runAuthctl({}, 'doctor', ...args)
    assert.deepEqual([code, stdout, stderr.trimEnd().split('\n').length], [2, '', 1], stderr)
  }
})

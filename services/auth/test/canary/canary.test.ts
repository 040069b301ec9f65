import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { create, type DescMethod, type DescService, toBinary, toJson } from '@bufbuild/protobuf'
import { Metadata } from '@grpc/grpc-js'
import * as contract from '@immersiverse/auth-contract'
import { AuthService, PlatformAccountService, UserService } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import pg from 'pg'
import { pino } from 'pino'
import { openTcpProxy } from '../../../../tools/parts/tcp-proxy.ts'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../../tools/parts/test-kafka.ts'
import { listRoutes } from '../../src/edge/list-routes.ts'
import { toKeyContext } from '../../src/security/open-keys.ts'
import { makeSeal } from '../../src/security/seal.ts'
import { readKeys } from '../../src/store/keys.ts'
import { until } from '../../src/store/outbox-testing.ts'
import { makeGoodRequests } from '../bad-input/good-requests.ts'
import { callRaw } from '../bad-input/raw-call.ts'
import { findKcatSkip } from '../kafka-reader.ts'
import { openTestAuth, type TestAuth, testMasterKey, toUniqueName } from '../open-test-auth.ts'
import { getRefusal } from '../refusals.ts'
import { refresh } from '../validations.ts'
import { callWithAssertions } from './call-with-assertions.ts'
import { Canaries, type Collected } from './canaries.ts'
import { collectTables, collectTopics } from './collect.ts'
import { liveAtPlatform, openCanaryPlatform } from './live-at-platform.ts'
import { canaryOrigin, liveInBrowser } from './live-in-browser.ts'
import { plantTokens } from './plant-tokens.ts'
import { listUnknownFields, plantRequest } from './request-fields.ts'

const isService = (value: unknown): value is DescService =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service'
const services: DescService[] = Object.values<unknown>(contract).filter(isService)
const methods = services.flatMap((service) => service.methods)
const edgeRoutes = listRoutes([AuthService, UserService, PlatformAccountService])
const skip = await findKcatSkip()

test('of every text in every request it is said whether it is a secret', () => {
  assert.ok(methods.length >= 19)
  assert.deepEqual(
    methods.flatMap(({ input }) => listUnknownFields(input)),
    [],
  )
})

test('a canary is found as text, in any case, in JSON, in hex and in base64, wherever it stands', () => {
  const canaries = new Canaries()
  const secret = canaries.make('secret')
  const mail = canaries.plant('mail', 'someone@canary.example', 'email')
  const bytes = Buffer.from(secret)
  const find = (text: string, place = 'log') => canaries.findHits([{ place, text }]).map(({ name }) => name)
  for (const text of [
    `a ${secret} b`,
    secret.toUpperCase(),
    `"${bytes.toString('hex')}"`,
    bytes.toString('base64'),
    Buffer.from(`x${secret}`).toString('base64'),
    Buffer.from(`xy${secret}`).toString('base64url'),
    Buffer.from(`{"a":"${secret}"}`).toString('base64'),
  ])
    assert.deepEqual(find(text), ['secret'], text)
  assert.deepEqual([find('nothing'), find(mail), find(mail, 'users.email')], [[], ['mail'], []])
})

/** The whole service with a real log, behind a proxy to PostgreSQL that can be cut. */
async function openWorld(t: TestContext, canaries: Canaries) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const url = new URL(database.url)
  const proxy = await openTcpProxy({ port: Number(url.port || 5432), host: url.hostname })
  t.after(() => proxy.close())
  url.host = `127.0.0.1:${proxy.port}`
  const lines: string[] = []
  const log = pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(line) })
  const prefix = toUniqueName('t')
  const platform = await openCanaryPlatform(canaries)
  t.after(() => platform.close())
  const environment = {
    ...platform.environment,
    KAFKA_BROKERS: kafka.brokers,
    AUTH_TOPIC_PREFIX: prefix,
    AUTH_EDGE_ORIGINS: canaryOrigin,
  }
  const options = { databaseUrl: url.href, environment, log }
  const auth = await openTestAuth(options)
  t.after(() => auth.close())
  const owner = new pg.Pool({ connectionString: database.url, max: 1 })
  owner.on('error', () => undefined)
  t.after(() => owner.end())
  const collect = async (): Promise<Collected[]> => {
    const metrics = await (await fetch(`http://127.0.0.1:${auth.service.adminPort}/metrics`)).text()
    return [
      ...lines.map((text) => ({ place: 'log', text })),
      { place: 'metrics', text: metrics },
      ...(await collectTables(auth.database)),
      ...(await collectTopics(kafka.brokers, prefix)),
    ]
  }
  return { auth, options, platform, proxy, owner, lines, collect }
}

test('secrets that went through every RPC, over gRPC and the edge, failures included, are found nowhere', {
  skip,
}, async (t) => {
  const canaries = new Canaries()
  const world = await openWorld(t, canaries)
  if (world === undefined) return
  const { auth, collect, lines, options, owner, platform, proxy } = world
  await live(auth, canaries)
  await callWithAssertions(options, canaries)
  const people = plantPeople(auth, canaries)
  const good = await makeGoodRequests(people)
  const person = await people.signUp()
  const { accessToken: goodBearer } = await people.logIn(person)
  await liveInBrowser(auth, canaries, person)
  await liveAtPlatform(people, platform, canaries, { userId: person.id, bearer: goodBearer })
  const round = async () => {
    for (const method of methods) {
      const make = good[method.name]
      if (make === undefined) throw new Error(`good-requests.ts has no request for ${method}`)
      await callOverGrpc(auth, canaries, method, make())
    }
    for (const { method } of edgeRoutes) {
      for (const bearer of [goodBearer, canaries.make('bearer')]) {
        await callOverEdge(auth, canaries, method, good[method.name]?.() ?? {}, bearer)
      }
    }
  }
  await round()

  // INTERNAL: the database's own words name whole rows.
  const tables = ['users', 'sessions', 'outbox', 'revocations', 'audit_log', 'platform_connections']
  for (const table of tables)
    await owner.query(`alter table ${table} add constraint never check (false) not valid`)
  await round()
  assert.ok(
    lines.some((line) => line.includes('violates check constraint')),
    'nothing was INTERNAL',
  )
  for (const table of tables) await owner.query(`alter table ${table} drop constraint never`)

  proxy.cut('reset')
  await round()
  assert.ok(
    lines.some((line) => line.includes('DATABASE_UNAVAILABLE')),
    'nothing was UNAVAILABLE',
  )
  proxy.heal()
  await until(async () => (await fetch(`http://127.0.0.1:${auth.service.adminPort}/readyz`)).status === 200)

  await plantKeys(auth, canaries)
  const waiting = auth.database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
  await until(async () => (await waiting.execute()).length === 0, 60_000)
  const collected = await collect()
  assert.ok(canaries.count > 100 && collected.length > 500, `${canaries.count} in ${collected.length}`)
  for (const place of [
    'log',
    'metrics',
    'users.email',
    'sessions.token_hash',
    'keys.sealed',
    'platform_accounts.access_token',
    'platform_accounts.refresh_token',
    'platform_connections.sealed',
    'platform_revocations.token',
    'audit_log_',
    'topic ',
  ]) {
    assert.ok(
      collected.some((one) => one.place.startsWith(place)),
      `nothing was collected from ${place}`,
    )
  }
  assert.deepEqual(canaries.findHits(collected), [])

  // What is there is found: in a column of bytes, in the log.
  await sql`update sessions set nonce = ${Buffer.from(canaries.make('planted'))}`.execute(
    auth.database.kysely,
  )
  auth.deps.log.info({ note: canaries.make('logged') }, 'planted')
  const places = new Set(canaries.findHits(await collect()).map(({ name, place }) => `${name} in ${place}`))
  assert.deepEqual(places, new Set(['logged in log', 'planted in sessions.nonce']))
})

/** People whose passwords, addresses and tokens are canaries. */
function plantPeople(auth: TestAuth, canaries: Canaries): TestAuth {
  return {
    ...auth,
    signUp: async () => {
      const username = toUniqueName()
      const email = canaries.makeEmail('e-mail')
      return await auth.signUp({ username, email, password: canaries.make('password') })
    },
    logIn: async (person) => plantTokens(canaries, await auth.logIn(person)),
  }
}

/** What people do, and what thieves do. */
async function live(auth: TestAuth, canaries: Canaries): Promise<void> {
  const people = plantPeople(auth, canaries)
  const person = await people.signUp()
  const tokens = await people.logIn(person)
  const second = plantTokens(canaries, await refresh(auth, tokens.refreshToken))
  plantTokens(canaries, await refresh(auth, second.refreshToken))
  await getRefusal(refresh(auth, tokens.refreshToken))
  await getRefusal(auth.auth.login({ identifier: person.email, password: canaries.make('wrong password') }))
  await getRefusal(auth.auth.login({ identifier: canaries.make('identifier'), password: person.password }))
  const newPassword = canaries.make('new password')
  await auth.users.changePassword({ userId: person.id, currentPassword: person.password, newPassword })
  const email = canaries.makeEmail('new e-mail')
  await auth.users.updateUser({ userId: person.id, email, password: canaries.make('set password') })
  const gone = await people.signUp()
  await auth.users.deleteUser({ userId: gone.id })
  const taken = { username: toUniqueName(), email, password: canaries.make('password') }
  await getRefusal(auth.users.createUser(taken))
}

/** A request whose secrets are canaries: as it is, with the good secrets, cut off, and with bytes that are none; with secrets in its metadata, too. */
async function callOverGrpc(
  auth: TestAuth,
  canaries: Canaries,
  method: DescMethod,
  good: Record<string, unknown>,
): Promise<void> {
  const planted = Buffer.from(toBinary(method.input, plantRequest(canaries, method.input, good)))
  const whole = Buffer.from(toBinary(method.input, create(method.input, good as never)))
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${canaries.make('metadata')}`)
  metadata.set('cookie', canaries.make('cookie'))
  const bodies = [whole, planted, planted.subarray(0, -1), Buffer.concat([planted, Buffer.of(0xff, 0xff)])]
  if (method.name === 'DeleteUser') bodies.shift()
  for (const body of bodies) await callRaw(auth.channel, method, body, metadata).catch(ignoreTransport)
}

/** Streams end without details where the way to the database is cut. */
function ignoreTransport(error: unknown): void {
  assert.ok(error instanceof Error)
}

/** The same as JSON: in the body, in the query, in the path and in headers; cut off, and as another type. */
async function callOverEdge(
  auth: TestAuth,
  canaries: Canaries,
  method: DescMethod,
  good: Record<string, unknown>,
  bearer: string,
): Promise<void> {
  const route = edgeRoutes.find((one) => one.method === method)
  assert.ok(route)
  const json = toJson(method.input, plantRequest(canaries, method.input, good)) as Record<string, unknown>
  const fillPath = (value: (name: string) => string) =>
    route.url.replaceAll(/:(\w+)(?:\([^)]*\))?/g, (_all, name: string) => encodeURIComponent(value(name)))
  const own = fillPath((name) =>
    String(json[name.replaceAll(/_(\w)/g, (_all, letter) => letter.toUpperCase())] ?? 'x'),
  )
  const headers = {
    authorization: `Bearer ${bearer}`,
    'content-type': 'application/json',
    cookie: `session=${canaries.make('cookie')}`,
    'x-api-key': canaries.make('header'),
  }
  const { userId: _user, sessionId: _session, ...rest } = json
  const text = JSON.stringify(rest)
  const odd = JSON.stringify({ ...rest, [canaries.make('name')]: 1 })
  const hasBody = route.verb !== 'GET' && route.verb !== 'DELETE'
  const bodies = hasBody ? [text, text.slice(0, -1), `[${text}]`, odd] : [undefined]
  const paths = [own, `${own}?access_token=${canaries.make('query')}`, fillPath(() => canaries.make('path'))]
  for (const path of paths) {
    for (const body of bodies) {
      const answer = await fetch(`http://127.0.0.1:${auth.service.edgePort}${path}`, {
        method: route.verb,
        headers,
        ...(body === undefined ? {} : { body }),
      })
      await answer.arrayBuffer()
    }
  }
}

/** The keys at rest, opened as the service opens them. */
async function plantKeys(auth: TestAuth, canaries: Canaries): Promise<void> {
  const masterKey = Buffer.from(testMasterKey, 'base64')
  canaries.plantBytes('master key', masterKey)
  const { keys } = await readKeys(auth.database.kysely)
  for (const { id, purpose, sealed } of keys) {
    const secret = Buffer.from(makeSeal([masterKey]).unseal(sealed, toKeyContext(purpose, id)))
    if (purpose !== 'signing') canaries.plantBytes(`${purpose} key`, secret)
    else {
      const { d = '' } = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }).export({
        format: 'jwk',
      })
      canaries.plantBytes('signing key', Buffer.from(d, 'base64url'))
    }
  }
  assert.ok(keys.length >= 3)
}

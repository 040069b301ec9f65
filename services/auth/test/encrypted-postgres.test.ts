import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { openPostgres } from '../../../tools/parts/open-postgres.ts'
import { toPartMissing } from '../../../tools/parts/part-missing.ts'
import { openTestAuth } from './open-test-auth.ts'
import { runAuthctl } from './run-authctl.ts'
import { spawnAuthProcess } from './start-auth-process.ts'

const password = 'what the service says'

/** A PostgreSQL that talks to nobody without TLS; its certificate is for `localhost` alone. */
async function openEncrypted(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'encrypted-postgres-'))
  t.after(() => rm(folder, { recursive: true }))
  const [authority, stranger] = [makeAuthority('test authority'), makeAuthority('another authority')]
  const { cert, key } = authority.issue({ name: 'postgres', hosts: ['localhost'] })
  const server = await openPostgres({
    settings: { ssl: 'on' },
    files: {
      'server.crt': cert,
      'server.key': key,
      'pg_hba.conf': 'hostssl all postgres all trust\nhostssl all auth all scram-sha-256\n',
    },
  }).catch((error) => toPartMissing('PostgreSQL', error))
  if ('skipReason' in server) {
    t.skip(server.skipReason)
    return undefined
  }
  t.after(() => server.close())
  const files = { right: join(folder, 'ca.pem'), wrong: join(folder, 'other.pem') }
  await Promise.all([writeFile(files.right, authority.cert), writeFile(files.wrong, stranger.cert)])
  const admin = new pg.Client({
    host: 'localhost',
    port: server.port,
    user: 'postgres',
    database: 'postgres',
    ssl: { ca: authority.cert },
  })
  await admin.connect()
  await admin.query(`create role auth login password '${password}'`)
  await admin.query('create database auth owner auth')
  const toUrl = (host: string, query: string, secret = password) =>
    `postgres://auth:${encodeURIComponent(secret)}@${host}:${server.port}/auth${query}`
  return { admin, files, toUrl, [Symbol.asyncDispose]: () => admin.end() }
}

test('the service speaks TLS with PostgreSQL, on every connection, and says in one line why it cannot', async (t) => {
  await using opened = await openEncrypted(t)
  if (opened === undefined) return
  const { admin, files, toUrl } = opened
  const right = toUrl('localhost', `?sslmode=verify-full&sslrootcert=${files.right}`)

  await t.test('with the right authority, host name and password it serves', async () => {
    await using auth = await openTestAuth({ databaseUrl: right })
    await auth.logIn(await auth.signUp())
    const { rows } = await admin.query(`
      select count(*)::int as all, count(*) filter (where ssl)::int as encrypted
      from pg_stat_activity join pg_stat_ssl using (pid) where usename = 'auth'`)
    const [{ all, encrypted }] = rows
    // The pool, the leaders of two lanes, and what listens.
    assert.ok(all >= 4 && encrypted === all, `${encrypted} of ${all}`)
  })

  const refused: Readonly<Record<string, readonly [url: string, why: RegExp]>> = {
    'another authority': [toUrl('localhost', `?sslmode=require&sslrootcert=${files.wrong}`), /certificate/],
    'no authority named': [toUrl('localhost', '?sslmode=require'), /certificate/],
    'another host name': [toUrl('127.0.0.1', `?sslmode=verify-full&sslrootcert=${files.right}`), /altnames/],
    'a wrong password': [
      toUrl('localhost', `?sslmode=verify-full&sslrootcert=${files.right}`, 'not it'),
      /password authentication failed/,
    ],
    plaintext: [toUrl('localhost', ''), /no encryption/],
  }
  for (const [name, [url, why]] of Object.entries(refused)) {
    await t.test(`with ${name} it ends, and doctor says the same`, async () => {
      const started = await spawnAuthProcess({ DATABASE_URL: url })
      const { code } = await started.ended
      assert.equal(code, 1)
      assert.match(started.stderr(), /^auth: cannot prepare the database, see DATABASE_URL: .+\n$/)
      assert.match(started.stderr(), why)
      assert.deepEqual(started.lines, [])
      const doctor = await runAuthctl({ DATABASE_URL: url }, 'doctor')
      assert.equal(doctor.code, 1)
      assert.match(doctor.stdout, why)
    })
  }

  await t.test('where the host name is not compared, a certificate of the authority is enough', async () => {
    const url = toUrl('127.0.0.1', `?sslmode=verify-ca&sslrootcert=${files.right}`)
    await using auth = await openTestAuth({ databaseUrl: url })
    await auth.signUp()
  })
})

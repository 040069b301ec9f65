import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { openCallers } from '../src/compose/open-callers.ts'
import { systemClock } from '../src/compose/system-clock.ts'
import { ConfigError, readConfig } from '../src/config.ts'
import { toId } from './open-mtls-auth.ts'
import { testMasterKey } from './open-test-auth.ts'
import { spawnAuthProcess } from './start-auth-process.ts'

const callers = `callers:\n  - { id: ${toId('chat')}, allow: [auth.v1.UserService/GetUser] }\n`
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('files of TLS and callers that do not hold', () => {
  let folder: string
  const authority = makeAuthority('Test CA')
  const server = authority.issue({ name: 'auth', uris: [toId('auth')] })
  const good = { cert: server.cert, key: server.key, ca: authority.cert, callers }
  let count = 0

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'caller-faults-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const toEnvironment = async (files: Partial<typeof good>, more: object = {}) => {
    const stem = join(folder, String(count++))
    for (const [name, text] of Object.entries({ ...good, ...files })) await writeFile(`${stem}-${name}`, text)
    return {
      AUTH_MASTER_KEY: testMasterKey,
      AUTH_TLS_CERT: `${stem}-cert`,
      AUTH_TLS_KEY: `${stem}-key`,
      AUTH_TLS_CLIENT_CA: `${stem}-ca`,
      AUTH_CALLERS_FILE: `${stem}-callers`,
      ...more,
    }
  }
  const listFaults = async (files: Partial<typeof good>, more: object = {}): Promise<readonly string[]> => {
    const config = readConfig(await toEnvironment(files, more))
    try {
      const opened = await openCallers(config, { clock: systemClock, log: silent })
      await opened.close()
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.faults
      throw error
    }
  }

  it('are refused one by one, by the variable', async () => {
    assert.deepEqual(await listFaults({}), [])
    const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') }
    const expired = authority.issue({ name: 'auth', uris: [toId('auth')], ...past })
    assert.deepEqual(await listFaults({ cert: expired.cert, key: expired.key }), [
      'AUTH_TLS_CERT: expired at 2020-02-01T00:00:00.000Z',
    ])
    const late = authority.issue({ name: 'auth', uris: [toId('auth')], notBefore: new Date('2100-01-01') })
    assert.match((await listFaults({ cert: late.cert, key: late.key })).join(), /not valid before 2100/)
    const other = authority.issue({ name: 'other' })
    assert.deepEqual(await listFaults({ key: other.key }), [
      'AUTH_TLS_KEY: is not the key of the certificate in AUTH_TLS_CERT',
    ])
    assert.match((await listFaults({ key: 'x' })).join(), /^AUTH_TLS_KEY: holds no private key/)
    assert.deepEqual(await listFaults({ cert: '' }), ['AUTH_TLS_CERT: holds no certificate in PEM'])
    assert.match((await listFaults({ ca: server.cert })).join(), /^AUTH_TLS_CLIENT_CA: .*not one of an auth/)
    assert.match((await listFaults({ ca: 'x' })).join(), /^AUTH_TLS_CLIENT_CA: holds no certificate/)
    assert.deepEqual(await listFaults({ callers: callers.replace('allow', 'allows') }), [
      'AUTH_CALLERS_FILE: line 2: unknown key "allows"',
      'AUTH_CALLERS_FILE: line 2: allow must be a list of one or more',
    ])
  })

  it('need a trust domain where the certificate of the service has none', async () => {
    const plain = authority.issue({ name: 'auth', hosts: ['localhost'] })
    const files = { cert: plain.cert, key: plain.key }
    assert.match((await listFaults(files)).join(), /^AUTH_TRUST_DOMAIN: needed/)
    assert.deepEqual(await listFaults(files, { AUTH_TRUST_DOMAIN: 'immersiverse' }), [])
    assert.match(
      (await listFaults(files, { AUTH_TRUST_DOMAIN: 'elsewhere' })).join(),
      /^AUTH_CALLERS_FILE: line 2: .* is not of the trust domain elsewhere/,
    )
  })

  it('end the start with all faults at once and exit code 78', async () => {
    const environment = await toEnvironment({ key: 'x', callers: 'callers: [{ id: chat, allow: [a] }]' })
    await using started = await spawnAuthProcess({ ...environment, AUTH_TLS_CLIENT_CA: '/nowhere/ca.pem' })
    assert.deepEqual(await started.ended, { code: 78, signal: null })
    assert.match(started.stderr(), /AUTH_TLS_CLIENT_CA: cannot be read: ENOENT/)
    assert.match(started.stderr(), /AUTH_CALLERS_FILE: line 1: "chat" is no SPIFFE id/)
    assert.match(started.stderr(), /AUTH_CALLERS_FILE: line 1: there is no method "a"/)
  })
})

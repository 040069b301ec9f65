import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listFaults } from '../test/list-faults.ts'
import { readConfig } from './config.ts'

const masterKey = Buffer.alloc(32, 7).toString('base64')

describe('readConfig', () => {
  it('needs nothing for the embedded service', () => {
    const config = readConfig({})
    assert.equal(config.AUTH_ACCESS_TTL, 600_000)
    assert.deepEqual(config.AUTH_GRPC_LISTEN, { host: '127.0.0.1', port: 50_051 })
    assert.equal(config.masterKeys, undefined)
  })

  it('reads durations, addresses, brokers and keys', () => {
    const config = readConfig({
      AUTH_ACCESS_TTL: '90s',
      AUTH_EDGE_LISTEN: '[::1]:0',
      KAFKA_BROKERS: 'a:9092, b:9092',
      KAFKA_TLS: 'true',
      AUTH_MASTER_KEY: masterKey,
    })
    assert.equal(config.AUTH_ACCESS_TTL, 90_000)
    assert.deepEqual(config.AUTH_EDGE_LISTEN, { host: '::1', port: 0 })
    assert.deepEqual(config.KAFKA_BROKERS, ['a:9092', 'b:9092'])
    assert.deepEqual(
      config.masterKeys?.map((key) => Buffer.from(key)),
      [Buffer.alloc(32, 7)],
    )
  })

  it('reads how often keys are rotated: monthly unless said otherwise, never for off and 0, not below an hour', () => {
    const read = (text: string) => readConfig({ AUTH_SIGNING_KEY_ROTATION: text }).AUTH_SIGNING_KEY_ROTATION
    assert.deepEqual(['', 'off', '0', '1h'].map(read), [
      30 * 86_400_000,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      3_600_000,
    ])
    for (const text of ['59m', '0d', 'never', '-1d']) {
      assert.match(listFaults({ AUTH_SIGNING_KEY_ROTATION: text })[0] ?? '', /^AUTH_SIGNING_KEY_ROTATION: /)
    }
  })

  it('refuses lifetimes by which access tokens would outlive their refresh family', () => {
    const list = (idle: string, max = '90d') =>
      listFaults({
        AUTH_ACCESS_TTL: '10m',
        AUTH_REFRESH_GRACE: '10s',
        AUTH_REFRESH_IDLE_TTL: idle,
        AUTH_REFRESH_MAX_TTL: max,
      })
    assert.deepEqual(list('610s'), [])
    assert.deepEqual(list('609s'), [
      'AUTH_REFRESH_IDLE_TTL: must not be below AUTH_ACCESS_TTL and AUTH_REFRESH_GRACE together',
    ])
    assert.deepEqual(list('2d', '1d'), ['AUTH_REFRESH_IDLE_TTL: must not be above AUTH_REFRESH_MAX_TTL'])
  })

  it('reads limits, several of which hold together, and off', () => {
    const read = (text: string) => readConfig({ AUTH_LOGIN_ATTEMPTS: text }).AUTH_LOGIN_ATTEMPTS
    assert.deepEqual(read('5/1m, 50/30d'), [
      { count: 5, windowMs: 60_000 },
      { count: 50, windowMs: 30 * 86_400_000 },
    ])
    assert.deepEqual(read('off'), [])
    for (const text of ['5', '0/1m', '5/1', '5/500ms', '-5/1m', '5/1m,', '5/1m;6/1m', 'x/1m', '5/1m,6/60s']) {
      assert.match(listFaults({ AUTH_LOGIN_ATTEMPTS: text })[0] ?? '', /^AUTH_LOGIN_ATTEMPTS: /, text)
    }
  })

  it('reads who is believed about addresses: so many proxies, or networks', () => {
    const read = (text: string) => readConfig({ AUTH_TRUSTED_PROXIES: text }).AUTH_TRUSTED_PROXIES
    assert.deepEqual(['', '2', '10.0.0.0/8, ::1'].map(read), [
      { networks: [] },
      { hops: 2 },
      { networks: ['10.0.0.0/8', '::1'] },
    ])
    for (const text of ['10.0.0.0/33', '10.0.0/8', 'proxy.example', '::1/129', '100']) {
      assert.match(listFaults({ AUTH_TRUSTED_PROXIES: text })[0] ?? '', /^AUTH_TRUSTED_PROXIES: /, text)
    }
    assert.deepEqual(readConfig({ AUTH_FORWARDING_CALLERS: 'a, b' }).AUTH_FORWARDING_CALLERS, ['a', 'b'])
  })

  it('refuses a Redis elsewhere without TLS', () => {
    for (const url of [
      'rediss://redis.example',
      'redis://127.0.0.1:6379',
      'redis://[::1]/1',
      'redis://localhost',
    ]) {
      assert.deepEqual(listFaults({ REDIS_URL: url }), [])
    }
    assert.match(
      listFaults({ REDIS_URL: 'redis://:secret@redis.example' })[0] ?? '',
      /^REDIS_URL: redis\.example is not/,
    )
    assert.deepEqual(listFaults({ REDIS_URL: 'redis://redis.example', AUTH_ALLOW_PLAINTEXT: 'true' }), [])
    assert.match(listFaults({ REDIS_URL: 'http://redis.example' })[0] ?? '', /^REDIS_URL: must be a URL/)
  })

  it('takes an empty value as not given', () => {
    assert.equal(readConfig({ DATABASE_URL: '', AUTH_ACCESS_TTL: '' }).DATABASE_URL, undefined)
  })

  it('lists all faults at once', () => {
    const faults = listFaults({
      DATABASE_URL: 'mysql://x',
      AUTH_ACCESS_TTL: 'soon',
      AUTH_GRPC_LISTEN: '50051',
      AUTH_PASSWORD_MIN_LENGTH: 'x',
    })
    const names = faults.map((fault) => fault.split(':')[0])
    for (const name of ['DATABASE_URL', 'AUTH_ACCESS_TTL', 'AUTH_GRPC_LISTEN', 'AUTH_PASSWORD_MIN_LENGTH']) {
      assert.ok(names.includes(name), `${name} in ${names}`)
    }
    assert.ok(names.includes('AUTH_MASTER_KEY'), 'a database without a master key is a fault too')
  })

  it('refuses a listener outside loopback without TLS unless plaintext is allowed', () => {
    const [fault] = listFaults({ AUTH_GRPC_LISTEN: '0.0.0.0:50051' })
    assert.match(fault ?? '', /^AUTH_GRPC_LISTEN: .*AUTH_ALLOW_PLAINTEXT=grpc/)
    assert.deepEqual(listFaults({ AUTH_GRPC_LISTEN: '0.0.0.0:50051', AUTH_ALLOW_PLAINTEXT: 'true' }), [])
  })

  it('refuses an issuer or an origin that is neither https nor on this machine', () => {
    const open = {
      AUTH_ISSUER: 'http://auth.example',
      AUTH_EDGE_ORIGINS: 'https://a.example,http://b.example',
    }
    assert.deepEqual(
      listFaults(open).map((fault) => fault.split(' ').slice(0, 2).join(' ')),
      ['AUTH_ISSUER: http://auth.example', 'AUTH_EDGE_ORIGINS: http://b.example'],
    )
    assert.deepEqual(listFaults({ ...open, AUTH_ALLOW_PLAINTEXT: 'true' }), [])
    const here = { AUTH_ISSUER: 'http://[::1]:8080', AUTH_EDGE_ORIGINS: 'http://localhost:5173' }
    assert.deepEqual(listFaults(here), [])
  })

  it('takes origins only as browsers send them', () => {
    assert.deepEqual(
      readConfig({ AUTH_EDGE_ORIGINS: 'https://a.example, http://localhost:1' }).AUTH_EDGE_ORIGINS,
      ['https://a.example', 'http://localhost:1'],
    )
    for (const text of [
      '*',
      'null',
      'https://a.example/',
      'https://A.example',
      'a.example',
      'https://*.example,',
    ]) {
      assert.match(listFaults({ AUTH_EDGE_ORIGINS: text })[0] ?? '', /^AUTH_EDGE_ORIGINS: /, text)
    }
  })

  it('refuses limits that contradict each other or that no timer can keep', () => {
    assert.match(
      listFaults({ AUTH_GRPC_DEADLINE: '2m' })[0] ?? '',
      /^AUTH_GRPC_DEADLINE: .*AUTH_GRPC_DEADLINE_MAX/,
    )
    assert.match(listFaults({ AUTH_GRPC_CONNECTION_AGE: '30d' })[0] ?? '', /^AUTH_GRPC_CONNECTION_AGE: /)
    assert.match(listFaults({ AUTH_GRPC_KEEPALIVE: '0s' })[0] ?? '', /^AUTH_GRPC_KEEPALIVE: /)
    assert.match(listFaults({ AUTH_GRPC_MAX_CALLS: '0' })[0] ?? '', /^AUTH_GRPC_MAX_CALLS: /)
  })

  it('reads how fast one address may open connections: one limit, or none', () => {
    const read = (text: string) => readConfig({ AUTH_EDGE_CONNECTION_RATE: text }).AUTH_EDGE_CONNECTION_RATE
    assert.deepEqual([read('20/1m'), read('off')], [{ count: 20, windowMs: 60_000 }, undefined])
    assert.deepEqual(readConfig({}).AUTH_GRPC_CONNECTION_RATE, { count: 300, windowMs: 10_000 })
    for (const text of ['20', '0/1m', '20/1m,30/2m', '5/500ms']) {
      const faults = listFaults({ AUTH_EDGE_CONNECTION_RATE: text })
      assert.equal(faults.length, 1, text)
      assert.match(faults[0] ?? '', /^AUTH_EDGE_CONNECTION_RATE: must be/, text)
    }
  })

  it('takes the files of TLS together, with a callers file, and then listens anywhere', () => {
    const tls = { AUTH_TLS_CERT: 'c', AUTH_TLS_KEY: 'k', AUTH_TLS_CLIENT_CA: 'a' }
    const anywhere = { AUTH_GRPC_LISTEN: '0.0.0.0:50051' }
    assert.deepEqual(listFaults({ ...tls, AUTH_CALLERS_FILE: 'callers.yaml', ...anywhere }), [])
    const [half] = listFaults({ AUTH_TLS_CERT: 'c', AUTH_TLS_KEY: 'k', AUTH_CALLERS_FILE: 'callers.yaml' })
    assert.match(half ?? '', /^AUTH_TLS_CLIENT_CA: needed with the other two/)
    assert.match(listFaults(tls)[0] ?? '', /^AUTH_CALLERS_FILE: needed with TLS/)
    assert.match(listFaults({ ...tls, AUTH_EDGE_LISTEN: '0.0.0.0:8080' })[0] ?? '', /^AUTH_EDGE_LISTEN: /)
  })

  it('refuses a callers file where nothing tells callers apart', () => {
    const [fault] = listFaults({ AUTH_CALLERS_FILE: 'callers.yaml' })
    assert.match(fault ?? '', /^AUTH_CALLERS_FILE: needs AUTH_TLS_CERT.*AUTH_CALLER_ASSERTIONS=true/)
    const assertions = { AUTH_CALLERS_FILE: 'callers.yaml', AUTH_CALLER_ASSERTIONS: 'true' }
    assert.deepEqual(listFaults(assertions), [])
    const anywhere = { AUTH_GRPC_LISTEN: '0.0.0.0:1', AUTH_ALLOW_PLAINTEXT: 'true' }
    assert.match(listFaults({ ...assertions, ...anywhere })[0] ?? '', /^AUTH_CALLER_ASSERTIONS: needs TLS/)
    assert.match(listFaults({ AUTH_CALLER_ASSERTIONS: 'true' })[0] ?? '', /^AUTH_CALLERS_FILE: needed/)
  })

  it('refuses a database or brokers outside loopback without TLS unless plaintext is allowed', () => {
    const far = {
      AUTH_MASTER_KEY: masterKey,
      DATABASE_URL: 'postgres://auth@db.example.org/auth',
      AUTH_DATABASE_DIRECT_URL: 'postgres://auth@10.0.0.7/auth?sslmode=disable',
      KAFKA_BROKERS: 'localhost:9092,kafka.example.org:9092',
    }
    const faults = listFaults(far)
    assert.deepEqual(
      faults.map((fault) => fault.split(':')[0]),
      ['DATABASE_URL', 'AUTH_DATABASE_DIRECT_URL', 'KAFKA_BROKERS'],
    )
    for (const fault of faults) assert.match(fault, /no TLS; say .*AUTH_ALLOW_PLAINTEXT=(database|kafka)/)
    assert.deepEqual(listFaults({ ...far, AUTH_ALLOW_PLAINTEXT: 'true' }), [])
    const encrypted = {
      ...far,
      DATABASE_URL: `${far.DATABASE_URL}?sslmode=verify-full`,
      AUTH_DATABASE_DIRECT_URL: 'postgres:///auth?host=/run/postgresql',
      KAFKA_TLS: 'true',
    }
    assert.deepEqual(listFaults(encrypted), [])
  })

  it('refuses encryption that is none, or that cannot be', () => {
    const withMode = (mode: string) => ({
      AUTH_MASTER_KEY: masterKey,
      AUTH_ALLOW_PLAINTEXT: 'true',
      DATABASE_URL: `postgres://auth@db.example.org/auth?${mode}`,
    })
    for (const mode of ['sslmode=prefer', 'sslmode=allow', 'sslmode=no-verify', 'ssl=true']) {
      assert.match(listFaults(withMode(mode))[0] ?? '', /^DATABASE_URL: .*verify-full/)
    }
    assert.match(listFaults(withMode('sslmode=require&sslrootcert=/nowhere'))[0] ?? '', /sslrootcert: ENOENT/)
    assert.deepEqual(listFaults(withMode('sslmode=require&sslrootcert=system')), [])
  })

  it('refuses settings of Kafka that lack each other', () => {
    const brokers = { KAFKA_BROKERS: 'localhost:9092' }
    const cases: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [
      [{ KAFKA_TLS_CA: import.meta.filename }, /^KAFKA_TLS_CA: needs KAFKA_TLS=true/],
      [{ KAFKA_TLS: 'true', KAFKA_TLS_CERT: import.meta.filename }, /need each other/],
      [{ KAFKA_TLS: 'true', KAFKA_TLS_CA: '/nowhere' }, /^KAFKA_TLS_CA: ENOENT/],
      [{ KAFKA_SASL_USERNAME: 'auth' }, /^KAFKA_SASL_MECHANISM: needs/],
      [{ KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'auth' }, /one of KAFKA_SASL_PASSWORD/],
      [{ KAFKA_SASL_MECHANISM: 'MD5' }, /^KAFKA_SASL_MECHANISM: /],
    ]
    for (const [environment, fault] of cases) {
      assert.match(listFaults({ ...brokers, ...environment })[0] ?? '', fault)
    }
  })

  it('refuses a folder of breached passwords that is none', () => {
    assert.match(listFaults({ AUTH_BREACHED_PASSWORDS_DIR: '/nowhere' })[0] ?? '', /must be a folder/)
    assert.match(
      listFaults({ AUTH_BREACHED_PASSWORDS_DIR: import.meta.filename })[0] ?? '',
      /must be a folder/,
    )
    assert.deepEqual(listFaults({ AUTH_BREACHED_PASSWORDS_DIR: import.meta.dirname }), [])
  })

  it('takes hashing costs from the smallest that is safe upwards', () => {
    for (const name of ['AUTH_HASHING_MEMORY_KIB', 'AUTH_HASHING_PASSES', 'AUTH_HASHING_THREADS']) {
      assert.match(listFaults({ [name]: '0' })[0] ?? '', new RegExp(`^${name}: `))
    }
    assert.equal(readConfig({ AUTH_HASHING_MEMORY_KIB: '65536' }).AUTH_HASHING_MEMORY_KIB, 65_536)
  })

  it('refuses a master key of another length, and one it cannot read', () => {
    assert.match(listFaults({ AUTH_MASTER_KEY: 'c2hvcnQ=' })[0] ?? '', /32 bytes/)
    assert.match(listFaults({ AUTH_MASTER_KEY_FILE: '/nowhere/key' })[0] ?? '', /^AUTH_MASTER_KEY_FILE: /)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, readConfig } from './config.ts'

const masterKey = Buffer.alloc(32, 7).toString('base64')

function listFaults(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.faults
  }
}

describe('readConfig', () => {
  it('needs nothing for the embedded service', () => {
    const config = readConfig({})
    assert.equal(config.AUTH_ACCESS_TTL, 600_000)
    assert.deepEqual(config.AUTH_GRPC_LISTEN, { host: '127.0.0.1', port: 50_051 })
    assert.equal(config.masterKey, undefined)
  })

  it('reads durations, addresses, brokers and keys', () => {
    const config = readConfig({
      AUTH_ACCESS_TTL: '90s',
      AUTH_EDGE_LISTEN: '[::1]:0',
      KAFKA_BROKERS: 'a:9092, b:9092',
      AUTH_MASTER_KEY: masterKey,
    })
    assert.equal(config.AUTH_ACCESS_TTL, 90_000)
    assert.deepEqual(config.AUTH_EDGE_LISTEN, { host: '::1', port: 0 })
    assert.deepEqual(config.KAFKA_BROKERS, ['a:9092', 'b:9092'])
    assert.deepEqual(Buffer.from(config.masterKey ?? []), Buffer.alloc(32, 7))
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
    assert.match(fault ?? '', /^AUTH_GRPC_LISTEN: .*AUTH_ALLOW_PLAINTEXT=true/)
    assert.deepEqual(listFaults({ AUTH_GRPC_LISTEN: '0.0.0.0:50051', AUTH_ALLOW_PLAINTEXT: 'true' }), [])
  })

  it('does not ignore a setting that was meant to protect something', () => {
    const names = ['AUTH_TLS_CERT', 'AUTH_CALLERS_FILE', 'KAFKA_TLS', 'KAFKA_SASL_USERNAME']
    const faults = listFaults(Object.fromEntries(names.map((name) => [name, 'x'])))
    assert.deepEqual(
      faults,
      names.map((name) => `${name}: not supported by this version`),
    )
  })

  it('refuses a master key of another length, and one it cannot read', () => {
    assert.match(listFaults({ AUTH_MASTER_KEY: 'c2hvcnQ=' })[0] ?? '', /32 bytes/)
    assert.match(listFaults({ AUTH_MASTER_KEY_FILE: '/nowhere/key' })[0] ?? '', /^AUTH_MASTER_KEY_FILE: /)
  })
})

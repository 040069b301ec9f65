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
    assert.equal(config.masterKeys, undefined)
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

import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeAuthority } from '../../../../tools/dev-certs/make-authority.ts'
import { type ConfigError, readConfig } from '../config.ts'
import { until } from '../store/outbox-testing.ts'
import { openKafkaConnection } from './open-kafka-connection.ts'
import { systemClock } from './system-clock.ts'

const authority = makeAuthority('test authority')
const issue = () => authority.issue({ name: 'auth', purposes: ['clientAuth'] })

/** The way to brokers by files of one folder, and what its log has told. */
async function open(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'kafka-files-'))
  t.after(() => rm(folder, { recursive: true }))
  // Each at once, as one who deploys them does.
  const write = async (name: 'ca' | 'cert' | 'key' | 'password', text: string) => {
    await writeFile(join(folder, `${name}.new`), text)
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  const pair = issue()
  await write('ca', authority.cert)
  await write('cert', pair.cert)
  await write('key', pair.key)
  await write('password', 'first\n')
  const config = readConfig({
    KAFKA_BROKERS: 'kafka.example:9093',
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA: join(folder, 'ca'),
    KAFKA_TLS_CERT: join(folder, 'cert'),
    KAFKA_TLS_KEY: join(folder, 'key'),
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'auth',
    KAFKA_SASL_PASSWORD_FILE: join(folder, 'password'),
    AUTH_RELOAD_INTERVAL: '10ms',
  })
  const told: unknown[] = []
  const error = (facts: object) => void told.push((facts as { faults?: unknown }).faults)
  const log = { info: () => undefined, warn: () => undefined, error }
  const start = async () => {
    const opened = await openKafkaConnection(config, { clock: systemClock, log })
    t.after(() => opened.close())
    return opened
  }
  return { folder, write, pair, told, start }
}

type Opened = Awaited<ReturnType<Awaited<ReturnType<typeof open>>['start']>>

/** What a connection that begins now gets. */
function read({ connection }: Opened) {
  const { tls, sasl } = connection ?? {}
  const password = typeof sasl?.password === 'function' ? sasl.password() : sasl?.password
  return { ...tls, password }
}

test('each connection gets the files as they are when it begins', async (t) => {
  const { write, pair, start } = await open(t)
  const opened = await start()
  const first = { ca: authority.cert, cert: pair.cert, key: pair.key, password: 'first' }
  assert.deepEqual(read(opened), first)
  await write('password', 'second')
  await until(async () => read(opened).password === 'second')
  const other = makeAuthority('another authority')
  await write('ca', other.cert + authority.cert)
  await until(async () => read(opened).ca === other.cert + authority.cert)
  assert.equal(opened.isFailing(), false)
})

test('a certificate and its key are used together, whichever is replaced first', async (t) => {
  const { write, pair, start } = await open(t)
  const opened = await start()
  const next = issue()
  await write('cert', next.cert)
  await until(async () => opened.isFailing())
  assert.deepEqual([read(opened).cert, read(opened).key], [pair.cert, pair.key])
  await write('key', next.key)
  await until(async () => read(opened).key === next.key)
  assert.deepEqual([read(opened).cert, opened.isFailing()], [next.cert, false])
})

test('what does not hold is told once, by the name of its variable, and changes nothing', async (t) => {
  const { folder, write, told, start } = await open(t)
  const opened = await start()
  const before = read(opened)
  await write('password', '\n')
  await until(async () => told.length === 1)
  await write('password', 'first')
  await until(async () => !opened.isFailing())
  await write('ca', 'no certificate')
  await until(async () => told.length === 2)
  await rm(join(folder, 'ca'))
  await until(async () => told.length === 3)
  assert.deepEqual(told, [
    ['KAFKA_SASL_PASSWORD_FILE: is empty'],
    ['KAFKA_TLS_CA: holds no certificate in PEM'],
    ['KAFKA_TLS_CA: cannot be read: ENOENT'],
  ])
  assert.deepEqual([read(opened), opened.isFailing()], [before, true])
})

test('files that do not hold end the start with all faults', async (t) => {
  const { write, start } = await open(t)
  await write('ca', '')
  await write('password', '')
  await assert.rejects(start(), ({ faults }: ConfigError) => {
    assert.deepEqual(faults, [
      'KAFKA_TLS_CA: holds no certificate in PEM',
      'KAFKA_SASL_PASSWORD_FILE: is empty',
    ])
    return true
  })
})

import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connectAuth } from '@immersiverse/auth-client'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { type EncryptedKafka, kafkaPassword, openEncryptedKafka } from './open-encrypted-kafka.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'
import { runAuthctl } from './run-authctl.ts'

const sasl = {
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SASL_USERNAME: 'auth',
  KAFKA_SASL_PASSWORD: kafkaPassword,
}

function toRightSettings({ files, port }: EncryptedKafka): Record<string, string> {
  return { KAFKA_BROKERS: `localhost:${port}`, KAFKA_TLS: 'true', KAFKA_TLS_CA: files.right, ...sasl }
}

async function openService(
  t: TestContext,
  environment: Record<string, string>,
): Promise<TestAuth | undefined> {
  const database = await openTestDatabase(t)
  if (database === undefined) return undefined
  const auth = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => auth.close())
  return auth
}

const isPublished = async ({ database }: TestAuth) => {
  const waiting = database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
  return (await waiting.execute()).length === 0
}

test('a Kafka that takes TLS and SCRAM alone', async (t) => {
  const kafka = await openEncryptedKafka(t)
  if (kafka === undefined) return
  const { ca, files, port } = kafka
  const dataFolder = join(dirname(files.right), 'data')

  await t.test('is written by the service and read by clients: events, revocations, users', async (t) => {
    const topicPrefix = toUniqueName('t')
    const settings = { ...toRightSettings(kafka), AUTH_TOPIC_PREFIX: topicPrefix }
    const service = await openService(t, settings)
    if (service === undefined) return
    const person = await service.signUp()
    await until(() => isPublished(service), 60_000)
    const client = await connectAuth({
      address: service.address,
      verification: 'local',
      revocations: 'kafka',
      users: { source: 'kafka' },
      kafka: {
        brokers: [`localhost:${port}`],
        topicPrefix,
        tls: { ca },
        sasl: { mechanism: 'SCRAM-SHA-512', username: 'auth', password: kafkaPassword },
      },
    })
    t.after(() => client[Symbol.asyncDispose]())
    const seen: string[] = []
    const subscription = client.events({ group: toUniqueName('g') }).on('user_created', ({ userId }) => {
      seen.push(userId)
    })
    const started = await subscription.start()
    t.after(() => started.close())
    await until(() => seen.includes(person.id), 60_000)
    const tokens = await service.logIn(person)
    assert.equal((await client.verify(tokens.accessToken)).userId, person.id)
    await service.auth.logout({ token: { case: 'accessToken', value: tokens.accessToken } })
    await until(
      () =>
        client.verify(tokens.accessToken).then(
          () => false,
          () => true,
        ),
      60_000,
    )
    assert.equal((await client.users.get(person.id)).username, person.username)
    const doctor = await runAuthctl({ ...settings, AUTH_DATA_DIR: dataFolder }, 'doctor')
    assert.match(doctor.stdout, /kafka: 1 broker at localhost/)
  })

  await t.test(
    'files that change are used for the next connection: authority, certificate, password',
    async (t) => {
      const folder = dirname(files.right)
      const toPath = (name: string) => join(folder, `changing-${name}`)
      const replace = async (contents: Readonly<Record<string, string>>) => {
        for (const [name, text] of Object.entries(contents)) {
          await writeFile(`${toPath(name)}.new`, text)
          await rename(`${toPath(name)}.new`, toPath(name))
        }
      }
      const toClient = () => {
        const { cert, key } = kafka.authority.issue({ name: 'auth', purposes: ['clientAuth'] })
        return { cert, key }
      }
      await replace({
        ca: await readFile(files.wrong, 'utf8'),
        cert: await readFile(files.strangerCert, 'utf8'),
        key: await readFile(files.strangerKey, 'utf8'),
        password: 'not it',
      })
      const { KAFKA_SASL_PASSWORD: _, ...settings } = toRightSettings(kafka)
      const service = await openService(t, {
        ...settings,
        KAFKA_TLS_CA: toPath('ca'),
        KAFKA_TLS_CERT: toPath('cert'),
        KAFKA_TLS_KEY: toPath('key'),
        KAFKA_SASL_PASSWORD_FILE: toPath('password'),
        AUTH_RELOAD_INTERVAL: '20ms',
        AUTH_TOPIC_PREFIX: toUniqueName('t'),
      })
      if (service === undefined) return
      await service.signUp()
      await until(
        async () => service.logged.some(({ facts }) => /certificate/.test(toText(facts.err))),
        60_000,
      )
      assert.equal(await isPublished(service), false)
      await replace({ ca, ...toClient(), password: `${kafkaPassword}\n` })
      await until(() => isPublished(service), 60_000)
    },
  )

  const wrong: Readonly<Record<string, readonly [settings: Record<string, string>, why: RegExp]>> = {
    'another authority': [{ ...toRightSettings(kafka), KAFKA_TLS_CA: files.wrong }, /certificate/],
    'another host name': [{ ...toRightSettings(kafka), KAFKA_BROKERS: `127.0.0.1:${port}` }, /altnames/],
    'a certificate of another authority': [
      { ...toRightSettings(kafka), KAFKA_TLS_CERT: files.strangerCert, KAFKA_TLS_KEY: files.strangerKey },
      /SASL|closed|alert/,
    ],
    'a wrong password': [{ ...toRightSettings(kafka), KAFKA_SASL_PASSWORD: 'not it' }, /uthentication/],
    'no SASL': [
      { KAFKA_BROKERS: `localhost:${port}`, KAFKA_TLS: 'true', KAFKA_TLS_CA: files.right },
      /SASL|closed/,
    ],
    plaintext: [{ KAFKA_BROKERS: `localhost:${port}` }, /TLS|closed/],
  }
  for (const [name, [settings, why]] of Object.entries(wrong)) {
    await t.test(`is not reached with ${name}: the log says why, once, and so does doctor`, async (t) => {
      const service = await openService(t, { ...settings, AUTH_TOPIC_PREFIX: toUniqueName('t') })
      if (service === undefined) return
      const complaints = () => service.logged.filter(({ facts }) => 'err' in facts)
      await until(() => complaints().length > 0, 60_000)
      // Users are served all the same, and what waits is tried again and again meanwhile.
      for (let n = 0; n < 3; n += 1) await service.signUp()
      const firstMs = performance.now()
      await until(() => performance.now() - firstMs > 5000, 60_000)
      const told = complaints().map(({ facts, message }) => `${message}: ${toText(facts.err)}`)
      assert.ok(
        told.some((line) => why.test(line)),
        told.join('\n'),
      )
      assert.ok(told.length <= 6, `${told.length} complaints:\n${told.join('\n')}`)
      assert.equal(new Set(told).size, told.length, told.join('\n'))
      // On a busy machine a connection may be too late to be refused.
      await until(async () => {
        const { stdout } = await runAuthctl({ ...settings, AUTH_DATA_DIR: dataFolder }, 'doctor')
        return stdout.split('\n').some((line) => /kafka: .*does not answer/.test(line) && why.test(line))
      }, 60_000)
    })
  }
})

/** An error and what led to it. */
function toText(error: unknown): string {
  const { cause, errors, message } = (error ?? {}) as {
    cause?: unknown
    errors?: unknown[]
    message?: string
  }
  return [message ?? String(error), ...(cause ? [toText(cause)] : []), ...(errors ?? []).map(toText)].join(
    ' < ',
  )
}

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { durationFromMs } from '@bufbuild/protobuf/wkt'
import { type GetSigningKeysResponse, GetSigningKeysResponseSchema } from '@immersiverse/auth-contract'
import { makeIssuer, toBase64url } from '../test/make-issuer.ts'
import { makeTokenVerifier } from '../verifier/make-token-verifier.ts'
import { VirtualClock, VirtualTime } from '../verifier/test/virtual-time.ts'
import { openSigningKeys } from './open-signing-keys.ts'

const everyMs = 10_000
const issuer = makeIssuer()

/** A verifier whose keys come from `answer`, and when it began to read them. */
function open(t: TestContext, answer: (time: VirtualTime) => Promise<GetSigningKeysResponse>) {
  const time = new VirtualTime()
  const readsAtMs: number[] = []
  const getSigningKeys = () => {
    readsAtMs.push(time.nowMs)
    return answer(time)
  }
  const keys = openSigningKeys({
    client: { getSigningKeys },
    clock: new VirtualClock(time),
    logger: { warn: () => undefined },
    random: () => 0.5,
  })
  // A read that is under way ends, as one does that is aborted.
  t.after(() => Promise.all([keys.close(), time.run(time.nowMs + 60_000)]))
  const { verifySignature } = makeTokenVerifier({ keys, algorithms: ['ES256'], maxLifetimeSeconds: 600 })
  return { time, readsAtMs, keys, verifySignature }
}

type Opened = ReturnType<typeof open>

const [, claims, signature] = issuer.sign().split('.')
const toForged = (kid: string) =>
  `${toBase64url(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid }))}.${claims}.${signature}`

/** Lets a minute pass in which twenty tokens come every 100 ms, each with a `kid` that no other has; the reads that began in it. */
async function flood({ time, readsAtMs, verifySignature }: Opened): Promise<readonly number[]> {
  const [from, before] = [time.nowMs, readsAtMs.length]
  for (let atMs = from; atMs < from + 60_000; atMs += 100) {
    await time.run(atMs)
    for (let n = 0; n < 20; n++) {
      const signed = verifySignature(toForged(`${atMs}-${n}`))
      assert.equal(signed.ok ? undefined : signed.reason, 'UNKNOWN_KEY')
    }
  }
  await time.run(from + 60_000)
  return readsAtMs.slice(before)
}

const toAnswer = (jwksJson: string) =>
  create(GetSigningKeysResponseSchema, {
    ...{ jwksJson, issuer: 'http://localhost:8080', audience: 'immersiverse' },
    ...{ maxAge: durationFromMs(3_600_000), maxTokenLifetime: durationFromMs(600_000) },
  })

function assertApart(readsAtMs: readonly number[]): void {
  for (const [index, atMs] of readsAtMs.slice(1).entries()) {
    assert.ok(atMs - Number(readsAtMs[index]) >= everyMs, `reads began at ${readsAtMs.join(', ')} ms`)
  }
}

test('tokens with unknown kids, however many, cause one read of the keys in ten seconds', async (t) => {
  const opened = open(t, async () => toAnswer(issuer.jwksJson))
  await opened.time.run(0)
  await flood(opened)
  assert.deepEqual(opened.readsAtMs, [0, 10_000, 20_000, 30_000, 40_000, 50_000])
  await opened.time.run(opened.time.nowMs + 600_000)
  assert.equal(opened.readsAtMs.length, 6)
})

test('a read that takes longer than that is not joined by another, and the next begins when it has ended', async (t) => {
  const opened = open(t, async (time) => {
    if (time.nowMs > 0) await time.sleep(15_000)
    return toAnswer(issuer.jwksJson)
  })
  await opened.time.run(0)
  const readsAtMs = await flood(opened)
  assertApart(readsAtMs)
  assert.deepEqual(readsAtMs, [10_000, 25_000, 40_000, 55_000])
})

test('while the keys cannot be read a flood makes no attempt come sooner', async (t) => {
  const failing = async (time: VirtualTime) => {
    if (time.nowMs > 0) throw new Error('unavailable')
    return toAnswer(issuer.jwksJson)
  }
  const calm = open(t, failing)
  const flooded = open(t, failing)
  for (const opened of [calm, flooded]) {
    await opened.time.run(everyMs)
    // The first one wakes both: from then on the reads fail.
    opened.verifySignature(toForged('unknown'))
    await opened.time.run(everyMs)
  }
  const readsAtMs = await flood(flooded)
  await calm.time.run(everyMs + 60_000)
  assert.deepEqual(flooded.readsAtMs, calm.readsAtMs)
  assert.ok(readsAtMs.length > 6, 'it goes on trying by itself')
})

test('a key that was published meanwhile is there after the read that its first token causes', async (t) => {
  const next = makeIssuer('ES256', 'k2')
  let published = [issuer.jwk]
  const opened = open(t, async () => toAnswer(JSON.stringify({ keys: published })))
  await opened.time.run(everyMs)
  published = [issuer.jwk, next.jwk]
  assert.equal(opened.verifySignature(next.sign()).ok, false)
  await opened.time.run(everyMs)
  assert.equal(opened.verifySignature(next.sign()).ok, true)
})

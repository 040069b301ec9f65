import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyPurpose, KeyTimes } from '../domain/key-life.ts'
import type { StoredKey } from '../store/keys.ts'
import { makeKeyView } from './key-view.ts'
import { makeNewKey } from './make-new-key.ts'
import { makeOpenedKeys } from './open-keys.ts'
import { makeSeal } from './seal.ts'

const times: KeyTimes = {
  rotationMs: Number.POSITIVE_INFINITY,
  publishedMaxAgeMs: 300,
  ringMaxAgeMs: 50,
  ringPollMs: 10,
  rotationCheckMs: 10,
  skewMs: 100,
  accessTtlMs: 1_000,
  refreshMaxMs: 5_000,
}
const seal = makeSeal([Buffer.alloc(32, 7)])
const at = (ms: number) => new Date(ms)

async function store(purpose: KeyPurpose, life: Partial<StoredKey> = {}): Promise<StoredKey> {
  const made = await makeNewKey(purpose, 'ES256', seal)
  return { ...made, createdAt: at(0), signsFrom: at(0), retiredAt: undefined, revokedAt: undefined, ...life }
}

const [refresh, fingerprint] = [await store('refresh'), await store('fingerprint')]
const view = (asOfMs: number, keys: readonly StoredKey[], before?: ReturnType<typeof makeKeyView>) =>
  makeKeyView({ asOf: at(asOfMs), keys }, makeOpenedKeys(seal), times, before)
const listPublished = ({ jwksJson }: ReturnType<typeof view>): string[] =>
  JSON.parse(jwksJson).keys.map(({ kid }: { kid: string }) => kid)

describe('a view of the keys', () => {
  it('signs by the key of the time, and verifies by all', async () => {
    const one = await store('signing', { retiredAt: at(2_000) })
    const two = await store('signing', { signsFrom: at(2_000) })
    const seen = view(1_980, [one, two, refresh, fingerprint])
    assert.equal(seen.findSigningKey(at(1_999))?.id, one.id)
    assert.equal(seen.findSigningKey(at(2_000))?.id, two.id)
    assert.equal(seen.findSigningKey(at(2_000))?.privateKey.type, 'private')
    assert.deepEqual(seen.signsSince, at(0))
    assert.deepEqual(listPublished(seen), [one.id, two.id])
    for (const { id } of [one, two]) assert.equal(seen.keySet.find(id)?.keyId, id)
  })

  it('signs nothing that was issued later than it knows of', async () => {
    const seen = view(1_000, [await store('signing'), refresh, fingerprint])
    assert.ok(seen.findSigningKey(at(1_050)))
    assert.equal(seen.findSigningKey(at(1_051)), undefined)
  })

  it('signs nothing where every key has ended', async () => {
    const last = await store('signing', { retiredAt: at(2_000) })
    const seen = view(1_980, [last, refresh, fingerprint])
    assert.ok(seen.findSigningKey(at(1_999)))
    assert.equal(seen.findSigningKey(at(2_000)), undefined)
  })

  it('forgets a key when nothing that it has signed can be valid any more', async () => {
    const present = await store('signing', { signsFrom: at(1) })
    const old = await store('signing', { retiredAt: at(1) })
    // Retired, then the age of a ring, the life of a token and the skew of clocks.
    const before = view(1_150, [old, present, refresh, fingerprint])
    assert.deepEqual(listPublished(before), [old.id, present.id])
    const after = view(1_151, [old, present, refresh, fingerprint])
    assert.deepEqual(listPublished(after), [present.id])
    assert.equal(after.keySet.find(old.id), undefined)
  })

  it('does not tell others of a revoked key, and refuses what it has signed', async () => {
    const present = await store('signing', { signsFrom: at(1) })
    const revoked = await store('signing', { retiredAt: at(1), revokedAt: at(1) })
    const seen = view(10, [revoked, present, refresh, fingerprint])
    assert.deepEqual(listPublished(seen), [present.id])
    assert.deepEqual([...seen.revoked], [revoked.id])
    assert.equal(seen.keySet.find(revoked.id)?.keyId, revoked.id)
    assert.equal(seen.findSigningKey(at(10))?.id, present.id)
  })

  it('makes refresh tokens by the newest key, and reads those of older ones until they end', async () => {
    const signing = await store('signing')
    const old = await store('refresh', { retiredAt: at(1) })
    const present = await store('refresh', { signsFrom: at(1) })
    const before = view(5_150, [signing, old, present, fingerprint])
    assert.equal(before.refresh.id, present.id)
    assert.equal(before.findRefreshKey(old.id)?.id, old.id)
    assert.equal(before.findRefreshKey(present.id), before.refresh)
    assert.equal(before.findRefreshKey(signing.id), undefined)
    assert.equal(view(5_151, [signing, old, present, fingerprint]).findRefreshKey(old.id), undefined)
  })

  it('has a key of its own for every use of a secret', async () => {
    const seen = view(0, [await store('signing'), refresh, fingerprint])
    const { derivationKey, macKey } = seen.refresh
    assert.ok(!derivationKey.equals(macKey))
    const again = view(0, [await store('signing'), refresh, fingerprint])
    assert.ok(derivationKey.equals(again.refresh.derivationKey) && macKey.equals(again.refresh.macKey))
    assert.ok(seen.fingerprintKey.equals(again.fingerprintKey))
    assert.equal(seen.fingerprintKey.symmetricKeySize, 32)
  })

  it('keeps the very keys of the view before where they are the same', async () => {
    const signing = await store('signing')
    const before = view(0, [signing, refresh, fingerprint])
    assert.equal(view(1, [signing, refresh, fingerprint], before).keySet, before.keySet)
    const more = [signing, await store('signing', { signsFrom: at(9) }), refresh, fingerprint]
    const after = view(1, more, before)
    assert.deepEqual(after.keySet.keyIds, [signing.id, more[1]?.id])
  })

  it('is none where a purpose has no key, or where another master key has sealed one', async () => {
    const signing = await store('signing')
    assert.throws(() => view(0, [refresh, fingerprint]), { message: 'there is no signing key' })
    assert.throws(() => view(0, [signing, fingerprint]), { message: 'there is no refresh key' })
    assert.throws(() => view(0, [signing, refresh]), { message: 'there is no fingerprint key' })
    const other = makeSeal([Buffer.alloc(32, 8)])
    for (const purpose of ['signing', 'refresh', 'fingerprint'] as const) {
      const own = await makeNewKey(purpose, 'ES256', other)
      const keys = [signing, refresh, fingerprint].map((key) =>
        key.purpose === purpose ? { ...key, ...own } : key,
      )
      assert.throws(() => view(0, keys), { name: 'SealError' })
    }
  })

  it('does not open what was sealed for another key or purpose', async () => {
    const [signing, other] = [await store('signing'), await store('signing')]
    const swapped = { ...signing, sealed: other.sealed }
    assert.throws(() => view(0, [swapped, refresh, fingerprint]), { name: 'SealError' })
    const misused = { ...refresh, purpose: 'fingerprint' as const }
    assert.throws(() => view(0, [signing, refresh, misused]), { name: 'SealError' })
  })
})

describe('opened keys', () => {
  it('are the same in every version of the service: tokens of one are read by another', async () => {
    const sealed = seal.seal(Buffer.alloc(32, 1), 'key refresh k1')
    const key = { ...(await store('refresh')), id: 'k1', sealed }
    const { derivationKey, macKey } = makeOpenedKeys(seal).refresh(key)
    assert.deepEqual(
      [derivationKey, macKey].map((one) => one.export().toString('hex')),
      [
        '7f79a7b99afa0028d7300b5a8d85f48f1d60194ab39fa755243ed91e100772a4',
        'ddb619bfa1c3bcd33a81ab40f5d9b26b999cf9949db0c710e431f46825f6b798',
      ],
    )
  })

  it('are opened once', async () => {
    const opened = makeOpenedKeys(seal)
    const signing = await store('signing')
    assert.equal(opened.signing(signing), opened.signing(signing))
    assert.equal(opened.refresh(refresh), opened.refresh(refresh))
    assert.equal(opened.secret(fingerprint), opened.secret(fingerprint))
  })
})

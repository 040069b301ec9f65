import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { makeSeal, SealError } from './seal.ts'

const secret = Buffer.from('a private key')

it('opens what it sealed, and never seals twice alike', () => {
  const seal = makeSeal([randomBytes(32)])
  const sealed = seal.seal(secret, 'key signing k1')
  assert.deepEqual(Buffer.from(seal.unseal(sealed, 'key signing k1')), secret)
  assert.notDeepEqual(seal.seal(secret, 'key signing k1'), sealed)
})

it('refuses another key, another context and any changed byte', () => {
  const seal = makeSeal([randomBytes(32)])
  const sealed = seal.seal(secret, 'key signing k1')
  assert.throws(() => makeSeal([randomBytes(32)]).unseal(sealed, 'key signing k1'), SealError)
  assert.throws(() => seal.unseal(sealed, 'key signing k2'), SealError)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.throws(() => seal.unseal(changed, 'key signing k1'), SealError, `byte ${at}`)
  }
  assert.throws(() => seal.unseal(new Uint8Array(), 'key signing k1'), SealError)
})

it('the first key seals, all open, and what is sealed says with which', () => {
  const [old, present] = [randomBytes(32), randomBytes(32)]
  const before = makeSeal([old]).seal(secret, 'c')
  const both = makeSeal([present, old])
  assert.deepEqual(Buffer.from(both.unseal(before, 'c')), secret)
  const after = both.seal(secret, 'c')
  assert.deepEqual(after.subarray(0, 5), both.presentPrefix)
  assert.notDeepEqual(before.subarray(0, 5), both.presentPrefix)
  assert.deepEqual(Buffer.from(makeSeal([present]).unseal(after, 'c')), secret)
  assert.throws(() => makeSeal([old]).unseal(after, 'c'), SealError)
})

it('opens what was sealed before keys had names', () => {
  const [old, present] = [randomBytes(32), randomBytes(32)]
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', old, nonce).setAAD(Buffer.from('c'))
  const body = [nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]
  const sealed = Buffer.concat([Buffer.of(1), ...body])
  assert.deepEqual(Buffer.from(makeSeal([present, old]).unseal(sealed, 'c')), secret)
  assert.throws(() => makeSeal([present]).unseal(sealed, 'c'), SealError)
})

it('opens what an earlier version of the service has sealed', () => {
  const sealed =
    '02b3dd72515b38302570a9672a977c33162a91189534ed168b09d55237a6526454b17f12ab48bdf0baad3d760b87'
  const seal = makeSeal([Buffer.alloc(32, 1)])
  assert.deepEqual(Buffer.from(seal.unseal(Buffer.from(sealed, 'hex'), 'c')), secret)
  assert.deepEqual(Buffer.from(seal.presentPrefix).toString('hex'), sealed.slice(0, 10))
})

it('needs a key, each of 32 bytes', () => {
  const none = { name: 'RangeError', message: 'there must be a master key' }
  assert.throws(() => makeSeal([]), none)
  const short = { name: 'RangeError', message: 'the master key must have 32 bytes' }
  for (const bytes of [16, 31, 33])
    assert.throws(() => makeSeal([randomBytes(32), randomBytes(bytes)]), short)
})

it('says why nothing opens it, for the log', () => {
  const seal = makeSeal([randomBytes(32)])
  const changed = Buffer.from(seal.seal(secret, 'c'))
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  assert.throws(
    () => seal.unseal(changed, 'c'),
    ({ message, cause }: Error) =>
      cause instanceof Error && message === 'c cannot be opened with these master keys',
  )
})

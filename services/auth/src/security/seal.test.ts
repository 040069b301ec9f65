import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
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

import assert from 'node:assert/strict'
import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { SessionId, UserId } from '../domain/ids.ts'
import type { RefreshKey } from './key-ring.ts'
import { makeRefreshTokens } from './refresh-tokens.ts'

function makeKey(id: string): RefreshKey {
  return { id, derivationKey: createSecretKey(randomBytes(32)), macKey: createSecretKey(randomBytes(32)) }
}

function makeRing(refresh: RefreshKey, ...older: RefreshKey[]) {
  return { refresh, findRefreshKey: (id: string) => [refresh, ...older].find((key) => key.id === id) }
}

const name = {
  userId: '01a20521-2c80-7c3b-b707-25aa3ddcbf13' as UserId,
  sessionId: '01a20521-2ce1-7998-b0e1-2bc556c92897' as SessionId,
  generation: 7,
}

describe('refresh tokens', () => {
  const key = makeKey('00112233')
  const tokens = makeRefreshTokens(makeRing(key))

  it('carry their name and are stored as a hash', () => {
    const { token, secret } = tokens.make(name)
    assert.deepEqual(tokens.findOpened(token), { ...name, hash: secret.tokenHash })
    assert.deepEqual(secret.tokenHash, createHash('sha256').update(token).digest())
  })

  it('never repeat for one name', () => {
    assert.notEqual(tokens.make(name).token, tokens.make(name).token)
  })

  it('T2 come again from the row, after the key was rotated too', () => {
    const { token, secret } = tokens.make(name)
    const rotated = makeRefreshTokens(makeRing(makeKey('44556677'), key))
    assert.equal(rotated.remake(name, secret), token)
    assert.deepEqual(rotated.findOpened(token)?.sessionId, name.sessionId)
  })

  it('T9 are inert with any character changed', () => {
    const { token } = tokens.make(name)
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'B' : 'A'
      const forged = token.slice(0, at) + other + token.slice(at + 1)
      assert.equal(tokens.findOpened(forged), undefined, `character ${at}`)
    }
  })

  it('T9 have one spelling: bits that base64url leaves over may not be used', () => {
    const { token } = tokens.make(name)
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const opened = [...letters].filter((last) => tokens.findOpened(token.slice(0, -1) + last) !== undefined)
    assert.deepEqual(opened, [token.at(-1)])
    for (const spelling of [`${token} `, token.replaceAll('_', '/').replaceAll('-', '+').toUpperCase()]) {
      assert.equal(tokens.findOpened(spelling), undefined)
      assert.equal(tokens.namesUnknownKey(spelling), false)
    }
  })

  it('have a prefix by which scanners of secrets know them, and a nonce of 256 bits', () => {
    const { token, secret } = tokens.make(name)
    assert.match(token, /^ivrt1_[\w-]{118}$/)
    assert.deepEqual(
      [secret.nonce.length, secret.tokenHash.length, secret.derivationKeyId],
      [32, 32, '00112233'],
    )
  })

  it('R10 of a key that the ring does not have say so, and cannot be made again', () => {
    const { token, secret } = tokens.make(name)
    const other = makeRefreshTokens(makeRing(makeKey('44556677')))
    assert.deepEqual([tokens.namesUnknownKey(token), other.namesUnknownKey(token)], [false, true])
    assert.equal(other.namesUnknownKey('ivrt1_'), false)
    assert.equal(other.findOpened(token), undefined)
    assert.throws(() => other.remake(name, secret), { name: 'UnknownRefreshKeyError', message: /00112233/ })
  })

  it('T9 of another service, cut, padded or empty are not opened', () => {
    const { token } = makeRefreshTokens(makeRing(makeKey('00112233'))).make(name)
    for (const text of [
      token,
      '',
      'ivrt1_',
      `${tokens.make(name).token}=`,
      tokens.make(name).token.slice(1),
    ]) {
      assert.equal(tokens.findOpened(text), undefined)
    }
  })
})

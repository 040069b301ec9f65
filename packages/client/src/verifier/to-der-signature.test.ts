import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { toDerSignature } from './to-der-signature.ts'

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const toBytes = (r: bigint, s: bigint) =>
  Buffer.from(r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0'), 'hex')

test('r and s outside 1 to n - 1 are refused', () => {
  const edges = [0n, order, order + 1n, (1n << 256n) - 1n]
  for (const edge of edges) {
    assert.equal(toDerSignature(toBytes(edge, 1n)), undefined)
    assert.equal(toDerSignature(toBytes(1n, edge)), undefined)
  }
  assert.ok(toDerSignature(toBytes(1n, order - 1n)))
})

test('any other length is refused', () => {
  for (const length of [0, 1, 63, 65, 72, 128])
    assert.equal(toDerSignature(Buffer.alloc(length, 1)), undefined)
})

test('integers of any size are written in shortest DER', () => {
  const integer = (value: bigint) => {
    const hex = value.toString(16)
    const even = hex.length % 2 ? `0${hex}` : hex
    const signed = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even
    return `02${(signed.length / 2).toString(16).padStart(2, '0')}${signed}`
  }
  const scalar = fc.oneof(fc.bigInt(1n, order - 1n), fc.bigInt(1n, 70_000n))
  fc.assert(
    fc.property(scalar, scalar, (r, s) => {
      const body = integer(r) + integer(s)
      const expected = `30${(body.length / 2).toString(16).padStart(2, '0')}${body}`
      assert.equal(toDerSignature(toBytes(r, s))?.toString('hex'), expected)
    }),
  )
})

test('what OpenSSL signed in the form of RFC 7518 verifies in DER', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (let n = 0; n < 50; n++) {
    const data = Buffer.from([n])
    const der = toDerSignature(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
    assert.ok(der !== undefined && verify('sha256', data, publicKey, der))
  }
})

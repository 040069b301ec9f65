import { createPublicKey, type KeyObject } from 'node:crypto'
import { readBase64url } from './read-base64url.ts'
import type { JsonMembers } from './read-json.ts'
import type { Insist } from './rules.ts'

const p256 = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
}
const spki = {
  p256: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  rsa: Buffer.from('300d06092a864886f70d0101010500', 'hex'),
}
const base64url = ['key base64url', 'key base64url', 'key base64url'] as const

/**
 * Makes the public key of a JWK by writing its SubjectPublicKeyInfo (RFC 5480, RFC 8410, RFC 8017 §A.1.1) from its members, insisting on every
 * rule of them. Throws BrokenRule, or OpenSSL's error where rules were ignored and nothing can be made.
 */
export function importKey(jwk: JsonMembers, insist: Insist): KeyObject {
  const read = (name: string): Buffer => {
    const value = jwk.get(name)
    insist('key base64url', typeof value === 'string')
    return readBase64url(typeof value === 'string' ? value : '', insist, base64url)
  }
  switch (jwk.get('kty')) {
    case 'EC':
      return toKey(Buffer.concat([spki.p256, ...readPoint(read('x'), read('y'), insist)]))
    case 'OKP': {
      const x = read('x')
      insist('key size', x.length === 32)
      return toKey(Buffer.concat([spki.ed25519, toSize(x, 32)]))
    }
    default:
      return importRsa(read('n'), read('e'), insist)
  }
}

function readPoint(x: Buffer, y: Buffer, insist: Insist): Buffer[] {
  insist('key size', x.length === 32 && y.length === 32)
  const [px, py] = [toInteger(x), toInteger(y)]
  const { p, b } = p256
  insist('point on curve', px < p && py < p && (py * py - (px * px * px - 3n * px + b)) % p === 0n)
  return [toSize(x, 32), toSize(y, 32)]
}

function importRsa(n: Buffer, e: Buffer, insist: Insist): KeyObject {
  insist('RSA integers are minimal', n[0] !== 0 && e[0] !== 0 && n.length > 0 && e.length > 0)
  const [modulus, exponent] = [toInteger(n), toInteger(e)]
  const bits = modulus === 0n ? 0 : modulus.toString(2).length
  insist('RSA bits', bits >= 2048 && bits <= 8192)
  insist('RSA exponent', exponent % 2n === 1n && exponent > 65_536n && exponent < 2n ** 32n)
  const key = wrap(0x30, Buffer.concat([toInteger02(modulus), toInteger02(exponent)]))
  return toKey(wrap(0x30, Buffer.concat([spki.rsa, wrap(0x03, Buffer.concat([Buffer.from([0]), key]))])))
}

function toKey(der: Buffer): KeyObject {
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

function toInteger(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
}

/** The last bytes, or zeros before them: for keys whose size was not insisted on. */
function toSize(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([Buffer.alloc(size), bytes]).subarray(-size)
}

function toInteger02(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return wrap(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

/** A DER element (X.690 §8.1). */
function wrap(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

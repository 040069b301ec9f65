import fc from 'fast-check'
import { makeTokenComparison } from '../compare-tokens.ts'
import type { MakeFuzzClass } from '../fuzz-class.ts'

const inputs = fc.record(
  { token: fc.nat(99_999), kind: fc.nat(17), at: fc.nat(9_999), pick: fc.nat(9_999) },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/** n of P-256 (SEC 2 §2.4.2) and L of Ed25519 (RFC 8032 §5.1). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const orderEd = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

/** Good tokens with another signature: the edges of its integers, its length, its encoding. */
export const makeSignatureClass: MakeFuzzClass<Input> = (world, subject, tally) => {
  const { compare } = makeTokenComparison(world, subject, tally)
  return {
    inputs,
    check: (input) => {
      const token = world.pool[input.token % world.pool.length]?.text ?? ''
      const end = token.lastIndexOf('.') + 1
      const signature = Buffer.from(token.slice(end), 'base64url')
      const other = world.pool[(input.token + 6) % world.pool.length]?.text ?? ''
      const changed = change(
        signature,
        input,
        Buffer.from(other.slice(other.lastIndexOf('.') + 1), 'base64url'),
      )
      compare(token.slice(0, end) + changed.toString('base64url'))
    },
  }
}

function change(signature: Buffer, { kind, at, pick }: Input, other: Buffer): Buffer {
  const half = signature.length / 2
  const [first, second] = [signature.subarray(0, half), signature.subarray(half)]
  const value = toInteger(second)
  const edges = [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n, order - value, value + order, value]
  const edge = toBytes(edges[pick % edges.length] ?? 0n, half)
  switch (kind) {
    case 0:
      return Buffer.concat([first, edge])
    case 1:
      return Buffer.concat([edge, second])
    case 2:
      return Buffer.concat([edge, toBytes(edges[at % edges.length] ?? 0n, half)])
    case 3:
      return Buffer.concat([second, first])
    case 4:
      return toDer(first, second)
    case 5:
      return signature.subarray(0, at % (signature.length + 1))
    case 6:
      return Buffer.concat([signature, Buffer.alloc(1 + (at % 66), pick % 3)])
    case 7:
      return Buffer.concat([Buffer.alloc(1 + (at % 3)), signature])
    case 8:
      return Buffer.concat([Buffer.alloc(1), first, Buffer.alloc(1), second])
    case 9:
      return other
    case 10:
      return Buffer.concat([first, other.subarray(half)])
    case 11:
      return toLittleEndianSum(signature, orderEd * BigInt(1 + (pick % 8)))
    case 12:
      return Buffer.alloc([32, 63, 64, 65, 72, 128, 255, 256, 257, 512][at % 10] ?? 64, [0, 1, 255][pick % 3])
    case 13:
      return Buffer.from(signature).reverse()
    case 14:
      return signature
    default:
      return flip(signature, at, pick)
  }
}

function flip(signature: Buffer, at: number, pick: number): Buffer {
  const changed = Buffer.from(signature)
  const place = at % changed.length
  changed[place] = (changed[place] ?? 0) ^ (1 << (pick % 8))
  return changed
}

/** S + n·L: the same scalar modulo the order, which RFC 8032 §5.1.7 forbids. */
function toLittleEndianSum(signature: Buffer, more: bigint): Buffer {
  const half = signature.length / 2
  const scalar = toInteger(Buffer.from(signature.subarray(half)).reverse()) + more
  return Buffer.concat([signature.subarray(0, half), toBytes(scalar, half).reverse()])
}

/** Ecdsa-Sig-Value of RFC 3279 §2.2.3, which JWS does not use. */
function toDer(r: Buffer, s: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const sign = (bytes[0] ?? 0) >= 0x80 ? Buffer.alloc(1) : Buffer.alloc(0)
    return Buffer.concat([Buffer.from([0x02, (bytes.length + sign.length) & 0xff]), sign, bytes])
  }
  const body = Buffer.concat([integer(r), integer(s)])
  return Buffer.concat([Buffer.from([0x30, body.length & 0xff]), body])
}

function toInteger(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
}

function toBytes(value: bigint, size: number): Buffer {
  const hex = value.toString(16).padStart(2 * size, '0')
  return Buffer.from(hex.slice(-2 * size), 'hex')
}

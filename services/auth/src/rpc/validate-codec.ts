import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { TimestampSchema, timestampFromDate } from '@bufbuild/protobuf/wkt'
import type { AccessTokenClaims } from '@immersiverse/auth-client/verifier'
import {
  PrincipalSchema,
  ValidateTokenRequestSchema,
  ValidateTokenResponseSchema,
} from '@immersiverse/auth-contract'
import type { ValidateTokenInput, Validation } from '../use-cases/validate-token.ts'
import { toPrincipal, toValidateTokenResponse } from './auth-service.ts'

/*
 * The two messages of ValidateToken by hand where that is exact: it is called for every request of every other service, and
 * protobuf-es alone would cost more than the look-up. `validate-codec.test.ts` compares with protobuf-es.
 */

const noRoles: readonly string[] = Object.freeze([])

/** Reads a ValidateTokenRequest; throws what protobuf-es throws for bytes that are none. */
export function readValidateTokenRequest(bytes: Uint8Array): ValidateTokenInput {
  const accessToken = findOnlyToken(bytes)
  if (accessToken !== undefined) return { accessToken, audience: '', requiredRoles: noRoles }
  return fromBinary(ValidateTokenRequestSchema, bytes)
}

/** The token of a request that holds field 1 and nothing else, in ASCII; undefined for any other. */
function findOnlyToken(bytes: Uint8Array): string | undefined {
  // Tag 1, length-delimited; a token of 128 to 16,383 bytes has a length of two varint bytes.
  const [tag, low = 0, high = 0x80] = bytes
  if (tag !== 0x0a || low < 0x80 || high >= 0x80) return undefined
  if (((high << 7) | (low & 0x7f)) !== bytes.length - 3) return undefined
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + 3, bytes.length - 3).toString('latin1')
  return isAscii(text) ? text : undefined
}

const beyondAscii = /[\u0080-\u00ff]/

function isAscii(text: string): boolean {
  return !beyondAscii.test(text)
}

/** The principal of claims as field 3 of a ValidateTokenResponse; claims live as long as their token is remembered. */
const principals = new WeakMap<AccessTokenClaims, Buffer>()
/** One look-up answers many: its instant as field 4. */
const instants = new WeakMap<Date, Buffer>()

/** Writes a ValidateTokenResponse. */
export function writeValidateTokenResponse(validation: Validation): Buffer {
  const { reason, claims, checkedAt } = validation
  if (reason !== undefined || claims === undefined) {
    const message = create(ValidateTokenResponseSchema, toValidateTokenResponse(validation))
    return Buffer.from(toBinary(ValidateTokenResponseSchema, message))
  }
  const head = principals.get(claims) ?? rememberHead(claims)
  const tail = instants.get(checkedAt) ?? rememberTail(checkedAt)
  const bytes = Buffer.allocUnsafe(head.length + tail.length)
  head.copy(bytes, 0)
  tail.copy(bytes, head.length)
  return bytes
}

/** `valid` = true and the principal. */
function rememberHead(claims: AccessTokenClaims): Buffer {
  const init: MessageInitShape<typeof PrincipalSchema> = toPrincipal(claims)
  const principal = toBinary(PrincipalSchema, create(PrincipalSchema, init))
  const head = Buffer.concat([Buffer.of(0x08, 1, 0x1a), toVarint(principal.length), principal])
  principals.set(claims, head)
  return head
}

function rememberTail(checkedAt: Date): Buffer {
  const instant = toBinary(TimestampSchema, timestampFromDate(checkedAt))
  const tail = Buffer.concat([Buffer.of(0x22), toVarint(instant.length), instant])
  instants.set(checkedAt, tail)
  return tail
}

function toVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.of(...bytes, rest)
}

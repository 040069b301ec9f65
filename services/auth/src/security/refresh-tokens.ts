import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { findSessionId, findUserId, type SessionId, type UserId } from '../domain/ids.ts'
import type { RefreshSecret } from '../store/sessions.ts'
import type { KeyRing, RefreshKey } from './key-ring.ts'

/** What a refresh token names; only its holder and this service know the token itself. */
export interface RefreshTokenName {
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly generation: number
}

/** A presented token whose MAC holds. */
export interface OpenedRefreshToken extends RefreshTokenName {
  /** SHA-256 of the token, as rows keep it. */
  readonly hash: Uint8Array
}

/** A row names a key that this instance has not read. */
export class UnknownRefreshKeyError extends Error {
  override readonly name = 'UnknownRefreshKeyError'
}

/** Makes and opens refresh tokens. */
export interface RefreshTokens {
  /** A token of a new nonce, with what its row must keep. */
  make(name: RefreshTokenName): { readonly token: string; readonly secret: RefreshSecret }
  /** The token that a row's nonce and key gave before. Throws UnknownRefreshKeyError where the ring does not have the key. */
  remake(name: RefreshTokenName, row: Pick<RefreshSecret, 'nonce' | 'derivationKeyId'>): string
  /** The token's name, or undefined where it is not one of ours: no database is asked. */
  findOpened(token: string): OpenedRefreshToken | undefined
  /** Whether a text of the right form names a key that the ring does not have: forged, or of a key that another instance has just made. */
  namesUnknownKey(token: string): boolean
}

// prefix, then base64url of: key id 4 ‖ user 16 ‖ session 16 ‖ generation 4 ‖ secret 32 ‖ mac 16 bytes.
const prefix = 'ivrt1_'
const nameBytes = 40
const secretEnd = nameBytes + 32
const tokenBytes = secretEnd + 16
const tokenLength = prefix.length + Math.ceil((tokenBytes * 4) / 3)

/** Makes the codec on a key ring. The secret is an HMAC of a 256-bit nonce: a row and its key give the token again (T2). */
export function makeRefreshTokens(ring: Pick<KeyRing, 'refresh' | 'findRefreshKey'>): RefreshTokens {
  const build = (name: RefreshTokenName, key: RefreshKey, nonce: Uint8Array) => {
    const head = toNameBytes(name, key.id)
    const secret = createHmac('sha256', key.derivationKey).update(head).update(nonce).digest()
    const body = Buffer.concat([head, secret])
    const token = prefix + Buffer.concat([body, toMac(key, body)]).toString('base64url')
    return token
  }
  return {
    make(name) {
      const nonce = randomBytes(32)
      const key = ring.refresh
      const token = build(name, key, nonce)
      return { token, secret: { tokenHash: toHash(token), nonce, derivationKeyId: key.id } }
    },
    remake(name, row) {
      const key = ring.findRefreshKey(row.derivationKeyId)
      if (key === undefined)
        throw new UnknownRefreshKeyError(`refresh key ${row.derivationKeyId} is not in the ring`)
      return build(name, key, row.nonce)
    },
    namesUnknownKey(token) {
      const bytes = findBytes(token)
      return bytes !== undefined && ring.findRefreshKey(toKeyId(bytes)) === undefined
    },
    findOpened(token) {
      const bytes = findBytes(token)
      const key = bytes && ring.findRefreshKey(toKeyId(bytes))
      if (bytes === undefined || key === undefined) return undefined
      if (!timingSafeEqual(toMac(key, bytes.subarray(0, secretEnd)), bytes.subarray(secretEnd)))
        return undefined
      return readName(bytes, token)
    },
  }
}

function findBytes(token: string): Buffer | undefined {
  if (token.length !== tokenLength || !token.startsWith(prefix)) return undefined
  const bytes = Buffer.from(token.slice(prefix.length), 'base64url')
  // Strict base64url: what decodes must encode to the same text, or one token would have many spellings and hashes.
  if (bytes.length !== tokenBytes || prefix + bytes.toString('base64url') !== token) return undefined
  return bytes
}

function toKeyId(bytes: Buffer): string {
  return bytes.toString('hex', 0, 4)
}

function toNameBytes(name: RefreshTokenName, keyId: string): Buffer {
  const generation = Buffer.alloc(4)
  generation.writeUInt32BE(name.generation)
  const ids = Buffer.from((name.userId + name.sessionId).replaceAll('-', ''), 'hex')
  return Buffer.concat([Buffer.from(keyId, 'hex'), ids, generation])
}

function readName(bytes: Buffer, token: string): OpenedRefreshToken | undefined {
  const userId = findUserId(toUuid(bytes, 4))
  const sessionId = findSessionId(toUuid(bytes, 20))
  if (userId === undefined || sessionId === undefined) return undefined
  return { userId, sessionId, generation: bytes.readUInt32BE(36), hash: toHash(token) }
}

function toUuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function toMac(key: RefreshKey, body: Uint8Array): Buffer {
  return createHmac('sha256', key.macKey).update(body).digest().subarray(0, 16)
}

function toHash(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** Encrypts small secrets at rest. */
export interface Seal {
  /** AES-256-GCM: version, key id, nonce, ciphertext, tag. `context` is bound to it (AAD) and needed again. */
  seal(secret: Uint8Array, context: string): Uint8Array
  /** Throws SealError where no key fits, or the context or a byte is another. */
  unseal(sealed: Uint8Array, context: string): Uint8Array
  /** What everything begins with that the present key has sealed. */
  readonly presentPrefix: Uint8Array
}

/** No master key opens what is stored. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/** Version 1 did not name its key. */
const unnamed = 1
const named = 2
const keyIdBytes = 4
const nonceBytes = 12
const tagBytes = 16

interface NamedKey {
  readonly id: Buffer
  readonly key: Uint8Array
}

/** Makes a seal from the keys of `AUTH_MASTER_KEY`, 32 bytes each: the first seals, all open. */
export function makeSeal(masterKeys: readonly Uint8Array[]): Seal {
  const keys = masterKeys.map(toNamedKey)
  const [present] = keys
  if (present === undefined) throw new RangeError('there must be a master key')
  const presentPrefix = Buffer.concat([Buffer.of(named), present.id])
  return {
    presentPrefix,
    seal(secret, context) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', present.key, nonce).setAAD(Buffer.from(context))
      return Buffer.concat([presentPrefix, nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
    },
    unseal(sealed, context) {
      let cause: unknown
      const { candidates, body } = toCandidates(keys, sealed)
      for (const { key } of candidates) {
        try {
          return open(key, body, context)
        } catch (error) {
          cause = error
        }
      }
      throw new SealError(`${context} cannot be opened with these master keys`, { cause })
    },
  }
}

/** Four bytes of a hash of 32 random ones: they say which key it is, and nothing about it. */
function toNamedKey(key: Uint8Array): NamedKey {
  if (key.length !== 32) throw new RangeError('the master key must have 32 bytes')
  const id = createHash('sha256').update('master key id').update(key).digest().subarray(0, keyIdBytes)
  return { id, key }
}

function toCandidates(keys: readonly NamedKey[], sealed: Uint8Array) {
  if (sealed[0] === unnamed) return { candidates: keys, body: sealed.subarray(1) }
  if (sealed[0] !== named) return { candidates: [], body: sealed }
  const id = sealed.subarray(1, 1 + keyIdBytes)
  const candidates = keys.filter((key) => key.id.equals(id))
  return { candidates, body: sealed.subarray(1 + keyIdBytes) }
}

function open(key: Uint8Array, body: Uint8Array, context: string): Uint8Array {
  const nonce = body.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context)).setAuthTag(body.subarray(-tagBytes))
  return Buffer.concat([decipher.update(body.subarray(nonceBytes, -tagBytes)), decipher.final()])
}

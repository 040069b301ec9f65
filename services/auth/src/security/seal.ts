import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Encrypts small secrets at rest. */
export interface Seal {
  /** AES-256-GCM: version, nonce, ciphertext, tag. `context` is bound to it (AAD) and needed again. */
  seal(secret: Uint8Array, context: string): Uint8Array
  /** Throws SealError where the key, the context or a byte is another. */
  unseal(sealed: Uint8Array, context: string): Uint8Array
}

/** The master key does not open what is stored. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

const version = 1
const nonceBytes = 12
const tagBytes = 16

/** Makes a seal from the 32 bytes of `AUTH_MASTER_KEY`. */
export function makeSeal(masterKey: Uint8Array): Seal {
  if (masterKey.length !== 32) throw new RangeError('the master key must have 32 bytes')
  return {
    seal(secret, context) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', masterKey, nonce).setAAD(Buffer.from(context))
      return Buffer.concat([
        Buffer.of(version),
        nonce,
        cipher.update(secret),
        cipher.final(),
        cipher.getAuthTag(),
      ])
    },
    unseal(sealed, context) {
      try {
        if (sealed[0] !== version) throw new SealError(`unknown version ${sealed[0]}`)
        const nonce = sealed.subarray(1, 1 + nonceBytes)
        const decipher = createDecipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: tagBytes })
        decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-tagBytes))
        return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, -tagBytes)), decipher.final()])
      } catch (cause) {
        throw new SealError(`${context} cannot be opened with this master key`, { cause })
      }
    },
  }
}

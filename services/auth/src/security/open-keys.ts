import { createPrivateKey, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from '@immersiverse/auth-client/verifier'
import type { KeyPurpose } from '../domain/key-life.ts'
import type { StoredKey } from '../store/keys.ts'
import type { RefreshKey, SigningKey } from './key-ring.ts'
import type { Seal } from './seal.ts'

/** Opens sealed keys, each once: what a key is never changes. Throws SealError where another master key has sealed it. */
export interface OpenedKeys {
  signing(key: StoredKey): SigningKey
  refresh(key: StoredKey): RefreshKey
  secret(key: StoredKey): KeyObject
}

/** Makes the memory of opened keys. */
export function makeOpenedKeys(seal: Seal): OpenedKeys {
  const open = (key: StoredKey) => seal.unseal(key.sealed, toKeyContext(key.purpose, key.id))
  return {
    signing: remembered((key) => ({
      id: key.id,
      algorithm: key.algorithm as SigningAlgorithm,
      privateKey: createPrivateKey({ key: Buffer.from(open(key)), format: 'der', type: 'pkcs8' }),
    })),
    refresh: remembered((key) => toRefreshKey(key.id, open(key))),
    secret: remembered((key) => createSecretKey(open(key))),
  }
}

/** What a sealed key is bound to. */
export function toKeyContext(purpose: KeyPurpose, id: string): string {
  return `key ${purpose} ${id}`
}

function remembered<Opened>(open: (key: StoredKey) => Opened): (key: StoredKey) => Opened {
  const known = new Map<string, Opened>()
  return (key) => {
    const opened = known.get(key.id) ?? open(key)
    known.set(key.id, opened)
    return opened
  }
}

/** HKDF (RFC 5869) gives each use a key of its own. */
function toRefreshKey(id: string, secret: Uint8Array): RefreshKey {
  const derive = (use: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), `auth refresh ${use}`, 32)))
  return { id, derivationKey: derive('derivation'), macKey: derive('mac') }
}

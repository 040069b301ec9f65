import { createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRing, RefreshKey } from '../../../services/auth/src/security/key-ring.ts'

const refreshKeys = [1, 2].map(
  (number): RefreshKey => ({
    id: `0000000${number}`,
    derivationKey: toKey(number),
    macKey: toKey(number + 10),
  }),
)

/** The secrets that all instances share; the signature is `makeFastAccessTokens`'s. `getRefreshKey` gives the number of the current one. */
export function makeSecretKeys(
  getRefreshKey: () => number,
  getKeyId: () => string,
): Pick<
  KeyRing,
  'refresh' | 'findRefreshKey' | 'fingerprintKey' | 'findSigningKey' | 'isRevoked' | 'reload'
> {
  return {
    get refresh() {
      return refreshKeys[getRefreshKey()] as RefreshKey
    },
    findRefreshKey: (id) => refreshKeys.find((key) => key.id === id),
    fingerprintKey: toKey(99),
    findSigningKey: () => ({ id: getKeyId(), algorithm: 'ES256', privateKey: toKey(98) }),
    isRevoked: () => false,
    reload: () => Promise.resolve(),
  }
}

function toKey(byte: number): KeyObject {
  return createSecretKey(Buffer.alloc(32, byte))
}

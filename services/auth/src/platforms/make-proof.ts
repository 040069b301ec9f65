import { randomNonce } from 'openid-client'

/** Makes what only the browser that begins a login knows: 256 random bits as text. */
export function makeProof(): string {
  return randomNonce()
}

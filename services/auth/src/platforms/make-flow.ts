import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import type { PlatformFlow } from './platform.ts'

/** Makes what a flow is recognised by when it comes back: 256 random bits each. */
export function makeFlow(redirectUri: string): PlatformFlow {
  return { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier(), redirectUri }
}

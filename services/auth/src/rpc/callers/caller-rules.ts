import type { CallerPolicy } from '../../domain/caller-policy.ts'
import type { PeerCertificate } from './read-peer.ts'

/** Whom a proof stands for, or why for nobody. */
export type ProofVerdict =
  | { readonly id: string; readonly notAfter: Date; readonly kid?: string }
  | { readonly id?: undefined; readonly fault: string }

/** How callers are judged, as files say now; replaced as a whole when they change. */
export interface CallerRules {
  /** Undefined: whoever reaches the listener may do everything. */
  readonly policy: CallerPolicy | undefined
  /** Judges a peer's certificate that TLS has accepted. */
  readonly judgeCertificate: (certificate: PeerCertificate) => ProofVerdict
  /** Judges a caller's assertion from an address; undefined where none are taken. */
  readonly judgeAssertion: ((assertion: string, address: string) => ProofVerdict) | undefined
}

/** Rules that let everybody do everything, for a listener on loopback. */
export const openRules: CallerRules = Object.freeze({
  policy: undefined,
  judgeCertificate: () => ({ fault: 'no certificates are judged here' }),
  judgeAssertion: undefined,
})

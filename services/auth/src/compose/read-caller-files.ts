import type { Config } from '../config.ts'
import type { CallerPolicy } from '../domain/caller-policy.ts'
import { findTrustDomain } from '../security/callers/judge-certificate.ts'
import { listCallableMethods } from '../security/callers/list-callable-methods.ts'
import { readCallerPolicy } from '../security/callers/read-caller-policy.ts'
import { readTlsFiles, type TlsIdentity } from '../security/callers/read-tls-files.ts'
import type { FileContents, ReadOutcome } from './read-configured.ts'

/** The variables of the files that TLS needs, in the order of their contents. */
export const tlsVariables = ['AUTH_TLS_CERT', 'AUTH_TLS_KEY', 'AUTH_TLS_CLIENT_CA'] as const

/** Judges the files of TLS. */
export function toTlsIdentity(
  { contents, faults: unread }: FileContents,
  now: Date,
): ReadOutcome<TlsIdentity> {
  const faults = [...unread]
  const [cert, key, clientCa] = contents
  if (faults.length > 0 || !cert || !key || !clientCa) return { faults }
  const value = readTlsFiles({ cert, key, clientCa }, now, faults)
  return value === undefined ? { faults } : { value }
}

/** Judges the callers file. */
export function toCallerPolicy(
  { contents: [text], faults: unread }: FileContents,
  trustDomain: string | undefined,
): ReadOutcome<CallerPolicy> {
  if (text === undefined) return { faults: unread }
  const { policy, faults } = readCallerPolicy(text.toString('utf8'), {
    methods: listCallableMethods(),
    trustDomain,
  })
  if (faults.length > 0) return { faults: faults.map((fault) => `AUTH_CALLERS_FILE: ${fault}`) }
  return { value: policy }
}

/** The trust domain that callers' certificates must be of: the configured one, or that of the server's own certificate. */
export function toTrustDomain(config: Config, tls: TlsIdentity): ReadOutcome<string> {
  const value = config.AUTH_TRUST_DOMAIN ?? findTrustDomain(tls.leaf.raw)
  if (value !== undefined) return { value }
  return { faults: ['AUTH_TRUST_DOMAIN: needed, as the certificate in AUTH_TLS_CERT has no SPIFFE id'] }
}

import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import type { CallerPolicy } from '../domain/caller-policy.ts'
import { findTrustDomain } from '../security/callers/judge-certificate.ts'
import { listCallableMethods } from '../security/callers/list-callable-methods.ts'
import { readCallerPolicy } from '../security/callers/read-caller-policy.ts'
import { readTlsFiles, type TlsIdentity, type TlsVariable } from '../security/callers/read-tls-files.ts'

/** What came of reading: the value, or every fault, each beginning with the name of its variable. */
export type ReadOutcome<T> =
  | { readonly value: T; readonly faults?: undefined }
  | { readonly value?: undefined; readonly faults: readonly string[] }

/** The content of files that belong together, or why one of them cannot be had. `key` is equal exactly where that is. */
export interface FileContents {
  readonly contents: readonly Buffer[]
  readonly faults: readonly string[]
  readonly key: string
}

type FileVariable = TlsVariable | 'AUTH_CALLERS_FILE'

/** The variables of the files that TLS needs, in the order of their contents. */
export const tlsVariables = ['AUTH_TLS_CERT', 'AUTH_TLS_KEY', 'AUTH_TLS_CLIENT_CA'] as const

/** Reads the files that the variables name; undefined where they name none. */
export async function readConfigured(
  config: Config,
  names: readonly FileVariable[],
): Promise<FileContents | undefined> {
  if (names.some((name) => config[name] === undefined)) return undefined
  const contents: Buffer[] = []
  const faults: string[] = []
  for (const name of names) {
    try {
      contents.push(await readFile(config[name] ?? ''))
    } catch (error) {
      faults.push(`${name}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`)
    }
  }
  return {
    contents,
    faults,
    key: [...faults, ...contents.map((bytes) => bytes.toString('base64'))].join(' '),
  }
}

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

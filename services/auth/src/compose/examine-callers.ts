import type { X509Certificate } from 'node:crypto'
import type { Config } from '../config.ts'
import { checkExpiry } from '../doctor/check-expiry.ts'
import type { ShownCertificate } from '../doctor/check-listener.ts'
import type { Finding } from '../doctor/finding.ts'
import type { TlsIdentity } from '../security/callers/read-tls-files.ts'
import { tlsVariables, toCallerPolicy, toTlsIdentity, toTrustDomain } from './read-caller-files.ts'
import { readConfigured } from './read-configured.ts'

/** What was found, and what the service would show of itself over TLS. */
export interface ExaminedCallers {
  readonly findings: readonly Finding[]
  readonly shown: ShownCertificate | undefined
}

/** Looks at the files of TLS and callers as a start would, and at the time their certificates have left. */
export async function examineCallers(config: Config, now: Date): Promise<ExaminedCallers> {
  const tlsFiles = await readConfigured(config, tlsVariables)
  const callersFile = await readConfigured(config, ['AUTH_CALLERS_FILE'])
  if (tlsFiles === undefined && callersFile === undefined) {
    const what = 'AUTH_CALLERS_FILE is not set: whoever reaches the gRPC listener may do everything'
    return { findings: [{ check: 'callers', severity: 'note', what }], shown: undefined }
  }
  const tls = tlsFiles && toTlsIdentity(tlsFiles, now)
  const domain = tls?.value && toTrustDomain(config, tls.value)
  const policy = callersFile && toCallerPolicy(callersFile, domain?.value)
  const faults = [tls, domain, policy].flatMap((outcome) => outcome?.faults ?? [])
  const remedy = 'correct it: the running service keeps what it has, and would not start again'
  const findings: Finding[] = faults.map((what) => ({ check: 'callers', severity: 'error', what, remedy }))
  if (tls?.value) findings.push(...examineExpiry(tls.value, now))
  if (policy?.value) {
    const what = `AUTH_CALLERS_FILE names ${policy.value.size} callers`
    findings.push({ check: 'callers', severity: 'ok', what })
  }
  return { findings, shown: tls?.value }
}

function examineExpiry({ leaf, anchors }: TlsIdentity, now: Date): Finding[] {
  const look = (who: string, { validFromDate: from, validToDate: until }: X509Certificate) =>
    checkExpiry('certificate', who, { from, until }, now)
  return [
    look('that of AUTH_TLS_CERT', leaf),
    ...anchors.map((one) =>
      look(`an authority of AUTH_TLS_CLIENT_CA (${one.subject.replaceAll('\n', ', ')})`, one),
    ),
  ]
}

import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { readCertificates } from '../read-certificates.ts'

/** What TLS needs, as PEM. */
export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
  readonly clientCa: Buffer
}

/** TLS as it is served: the files, and what stands in them. */
export interface TlsIdentity extends TlsFiles {
  /** The server's own certificate. */
  readonly leaf: X509Certificate
  readonly anchors: readonly X509Certificate[]
}

/** The variables that name the files. */
type TlsVariable = 'AUTH_TLS_CERT' | 'AUTH_TLS_KEY' | 'AUTH_TLS_CLIENT_CA'

/** Judges the files of TLS at `now`. Adds a line for each fault, and is undefined where there is one. */
export function readTlsFiles(files: TlsFiles, now: Date, faults: string[]): TlsIdentity | undefined {
  const before = faults.length
  const fault = (name: TlsVariable, what: string) => void faults.push(`${name}: ${what}`)
  const [leaf, ...chain] = readCertificates(files.cert.toString('latin1'), (what) =>
    fault('AUTH_TLS_CERT', what),
  )
  const anchors = readCertificates(files.clientCa.toString('latin1'), (what) =>
    fault('AUTH_TLS_CLIENT_CA', what),
  )
  if (leaf !== undefined) {
    for (const what of listLeafFaults(leaf, now)) fault('AUTH_TLS_CERT', what)
    judgeKey(leaf, files.key, (what) => fault('AUTH_TLS_KEY', what))
  }
  if (chain.some(({ ca }) => !ca))
    fault('AUTH_TLS_CERT', 'after the first only certificates of authorities may follow')
  if (anchors.some(({ ca }) => !ca))
    fault('AUTH_TLS_CLIENT_CA', 'holds a certificate that is not one of an authority')
  if (anchors.length > 0 && anchors.every(({ validToDate }) => validToDate <= now)) {
    fault('AUTH_TLS_CLIENT_CA', 'every authority has expired')
  }
  if (faults.length > before || leaf === undefined) return undefined
  try {
    createSecureContext({ cert: files.cert, key: files.key, ca: files.clientCa })
  } catch (error) {
    fault('AUTH_TLS_CERT', `TLS cannot use it: ${(error as Error).message}`)
    return undefined
  }
  return { ...files, leaf, anchors }
}

function listLeafFaults(leaf: X509Certificate, now: Date): string[] {
  if (leaf.validToDate <= now) return [`expired at ${leaf.validToDate.toISOString()}`]
  if (leaf.validFromDate > now) return [`is not valid before ${leaf.validFromDate.toISOString()}`]
  return []
}

function judgeKey(leaf: X509Certificate, pem: Buffer, fault: (what: string) => void): void {
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(pem)))
      fault('is not the key of the certificate in AUTH_TLS_CERT')
  } catch {
    fault('holds no private key in PEM, or one with a passphrase')
  }
}

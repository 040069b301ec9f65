import { X509Certificate } from 'node:crypto'

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates of a PEM text, in order. Tells `fault` where there is none, or one that cannot be read; what comes back then is empty. */
export function readCertificates(pem: string, fault: (what: string) => void): X509Certificate[] {
  const blocks = pem.match(pemBlock) ?? []
  if (blocks.length === 0) fault('holds no certificate in PEM')
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    fault('holds a certificate that cannot be read')
    return []
  }
}

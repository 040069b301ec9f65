import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_clientAuth,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509'
import { findSpiffeId } from '../../domain/spiffe-id.ts'

/** Who a certificate stands for, or why for nobody. */
export type CertificateVerdict =
  | { readonly id: string; readonly notAfter: Date }
  | { readonly id?: undefined; readonly fault: string }

/**
 * Judges the leaf certificate of a peer, in DER, whose chain and time TLS has checked: whom it names (SPIFFE X509-SVID §2–§5). It must have one
 * URI SAN, a SPIFFE id of `trustDomain`, the extended key usage clientAuth, and be no authority. The subject and other names count for nothing.
 */
export function judgeCertificate(der: Uint8Array, trustDomain: string): CertificateVerdict {
  let facts: CertificateFacts
  try {
    facts = readFacts(der)
  } catch {
    return { fault: 'the certificate cannot be read' }
  }
  const { isAuthority, canSign, purposes, uris, notAfter } = facts
  if (isAuthority || canSign) return { fault: 'the certificate is one of an authority' }
  if (!purposes.includes(id_kp_clientAuth)) {
    return { fault: 'the certificate has no extended key usage clientAuth' }
  }
  const [uri, ...others] = uris
  if (uri === undefined) return { fault: 'the certificate has no URI SAN' }
  if (others.length > 0) return { fault: `the certificate has ${uris.length} URI SANs` }
  const spiffeId = findSpiffeId(uri)
  if (spiffeId === undefined) return { fault: 'the URI SAN is no SPIFFE id' }
  if (spiffeId.trustDomain !== trustDomain) return { fault: `the SPIFFE id is not of ${trustDomain}` }
  return { id: uri, notAfter }
}

/** The trust domain of a server's own certificate, in DER, where it has one SPIFFE id. */
export function findTrustDomain(der: Uint8Array): string | undefined {
  const { uris } = readFacts(der)
  return uris.length === 1 ? findSpiffeId(uris[0] ?? '')?.trustDomain : undefined
}

interface CertificateFacts {
  readonly isAuthority: boolean
  /** May sign certificates or their revocation lists. */
  readonly canSign: boolean
  readonly purposes: readonly string[]
  readonly uris: readonly string[]
  readonly notAfter: Date
}

function readFacts(der: Uint8Array): CertificateFacts {
  const { tbsCertificate } = AsnConvert.parse(der, Certificate)
  const { extensions = [], validity } = tbsCertificate
  const find = <T>(id: string, type: new () => T): T | undefined => {
    const [extension, ...others] = extensions.filter(({ extnID }) => extnID === id)
    // RFC 5280 §4.2: at most one of each.
    if (others.length > 0) throw new Error(`the extension ${id} stands twice`)
    return extension && AsnConvert.parse(extension.extnValue, type)
  }
  const usage = find(id_ce_keyUsage, KeyUsage)?.toNumber() ?? 0
  return {
    isAuthority: find(id_ce_basicConstraints, BasicConstraints)?.cA ?? false,
    canSign: (usage & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0,
    purposes: find(id_ce_extKeyUsage, ExtendedKeyUsage) ?? [],
    uris: (find(id_ce_subjectAltName, SubjectAlternativeName) ?? []).flatMap(
      (name) => name.uniformResourceIdentifier ?? [],
    ),
    notAfter: validity.notAfter.getTime(),
  }
}

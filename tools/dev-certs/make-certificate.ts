import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

/** What a certificate is to say; whatever X.509 can say wrongly, it can, too. */
export interface CertificateWish {
  /** Common name of the subject. */
  readonly name: string
  readonly uris?: readonly string[]
  readonly hosts?: readonly string[]
  readonly addresses?: readonly string[]
  /** Default: both; empty: the certificate has no extended key usage. */
  readonly purposes?: readonly ('clientAuth' | 'serverAuth')[]
  /** A certificate that may sign others. */
  readonly isAuthority?: boolean
  /** The key usage of an authority, without being one. */
  readonly canSign?: boolean
  readonly notBefore: Date
  readonly notAfter: Date
}

/** A certificate and its key, in PEM. */
export interface KeyedCertificate {
  readonly cert: string
  readonly key: string
}

/** Who signs a certificate. */
export interface CertificateIssuer {
  readonly name: string
  readonly key: KeyObject
}

const commonName = '2.5.4.3'
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const purposeIds = { clientAuth: id_kp_clientAuth, serverAuth: id_kp_serverAuth }

/** Makes a P-256 key and a certificate of it (RFC 5280), signed by `issuer`, or by itself. */
export function makeCertificate(wish: CertificateWish, issuer?: CertificateIssuer): KeyedCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = issuer ?? { name: wish.name, key: privateKey }
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: toSerialNumber(),
    signature: algorithm,
    issuer: toName(signer.name),
    validity: new Validity({ notBefore: wish.notBefore, notAfter: wish.notAfter }),
    subject: toName(wish.name),
    subjectPublicKeyInfo: AsnConvert.parse(toPublicDer(privateKey), SubjectPublicKeyInfo),
    extensions: new Extensions([...listExtensions(wish), ...listKeyIds(privateKey, signer.key)]),
  })
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer.key)
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: toArrayBuffer(signature),
  })
  return {
    cert: toPem('CERTIFICATE', AsnConvert.serialize(certificate)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function listExtensions(wish: CertificateWish): Extension[] {
  const { isAuthority = false, canSign = isAuthority, purposes = ['clientAuth', 'serverAuth'] } = wish
  const usage = canSign ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature
  const names = [
    ...(wish.uris ?? []).map((uri) => new GeneralName({ uniformResourceIdentifier: uri })),
    ...(wish.hosts ?? []).map((host) => new GeneralName({ dNSName: host })),
    ...(wish.addresses ?? []).map((address) => new GeneralName({ iPAddress: address })),
  ]
  const list = [
    toExtension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
    toExtension(id_ce_keyUsage, new KeyUsage(usage), true),
  ]
  if (names.length > 0) list.push(toExtension(id_ce_subjectAltName, new SubjectAlternativeName(names)))
  if (!isAuthority && purposes.length > 0) {
    list.push(toExtension(id_ce_extKeyUsage, new ExtendedKeyUsage(purposes.map((one) => purposeIds[one]))))
  }
  return list
}

function listKeyIds(subject: KeyObject, issuer: KeyObject): Extension[] {
  const keyIdentifier = new KeyIdentifier(toKeyId(issuer))
  return [
    toExtension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(toKeyId(subject))),
    toExtension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier })),
  ]
}

/** RFC 7093 §2: the first 160 bits of a hash of the key. */
function toKeyId(key: KeyObject): ArrayBuffer {
  return toArrayBuffer(createHash('sha256').update(toPublicDer(key)).digest().subarray(0, 20))
}

function toExtension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function toName(text: string): Name {
  const value = new AttributeValue({ utf8String: text })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: commonName, value })])])
}

function toPublicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

/** 127 random bits: positive, as RFC 5280 §4.1.2.2 wants it, and without a leading zero. */
function toSerialNumber(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return toArrayBuffer(bytes)
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

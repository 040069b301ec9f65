import { createPrivateKey } from 'node:crypto'
import { type CertificateWish, type KeyedCertificate, makeCertificate } from './make-certificate.ts'

/** What a certificate of an authority may leave out: it is valid from an hour ago for `days`, 30 by default. */
export type IssueWish = Omit<CertificateWish, 'notBefore' | 'notAfter'> &
  Partial<Pick<CertificateWish, 'notBefore' | 'notAfter'>> & { readonly days?: number }

/** An authority that signs certificates. */
export interface Authority extends KeyedCertificate {
  issue(wish: IssueWish): KeyedCertificate
  /** An authority below this one. */
  issueAuthority(name: string): Authority
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Makes an authority of its own, valid for ten years from an hour ago. `now` is the wall clock. */
export function makeAuthority(name: string, now: () => Date = () => new Date()): Authority {
  const lifetime = toLifetime(now(), 3650)
  return toAuthority(name, makeCertificate({ name, isAuthority: true, ...lifetime }), now)
}

/** The authority of a certificate that is there, and its key. */
export function toAuthority(
  name: string,
  own: KeyedCertificate,
  now: () => Date = () => new Date(),
): Authority {
  const issuer = { name, key: createPrivateKey(own.key) }
  const issue = ({ days = 30, ...wish }: IssueWish) =>
    makeCertificate({ ...toLifetime(now(), days), ...wish }, issuer)
  return {
    ...own,
    issue,
    issueAuthority: (below) => toAuthority(below, issue({ name: below, isAuthority: true, days: 365 }), now),
  }
}

function toLifetime(now: Date, days: number) {
  return {
    notBefore: new Date(now.getTime() - hourMs),
    notAfter: new Date(now.getTime() + days * dayMs),
  }
}

import type { X509Certificate } from 'node:crypto'

/** Whether one of the authorities has signed the certificate itself, and is valid at `now`. */
export function isIssuedBy(
  leaf: X509Certificate,
  authorities: readonly X509Certificate[],
  now: Date,
): boolean {
  return authorities.some(
    (authority) =>
      authority.ca &&
      authority.validToDate > now &&
      leaf.checkIssued(authority) &&
      leaf.verify(authority.publicKey),
  )
}

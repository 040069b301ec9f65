/**
 * What every answer tells browsers (OWASP ASVS 5.0 §3.4): it is data, shown in no page and no frame, and goes to no other site unless CORS
 * allows it; no address of it is passed on.
 */
export const securityHeaders = Object.freeze({
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
})

/** Two years, as browsers ask for where a site wants to be known as encrypted (RFC 6797). */
const hsts = Object.freeze({ 'strict-transport-security': 'max-age=63072000; includeSubDomains' })

/** Those headers for an edge that is reached at the issuer's address: with HSTS where that is https. */
export function toSecurityHeaders(issuer: string): Readonly<Record<string, string>> {
  return issuer.startsWith('https:') ? { ...securityHeaders, ...hsts } : securityHeaders
}

/** Characters whose low four bits are zero: the only ones that may end a text of length 2 mod 4. */
const endsAfterOneByte = 'AQgw'
/** Characters whose low two bits are zero: the only ones that may end a text of length 3 mod 4. */
const endsAfterTwoBytes = 'AEIMQUYcgkosw048'

/**
 * Decodes base64url without padding (RFC 7515 §2, RFC 4648 §5) whose alphabet the caller has checked; undefined where the length is
 * impossible or the unused trailing bits are not zero, so that every octet sequence has exactly one accepted text (RFC 4648 §3.5).
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const last = text.charAt(text.length - 1)
  switch (text.length % 4) {
    case 1:
      return undefined
    case 2:
      if (!endsAfterOneByte.includes(last)) return undefined
      break
    case 3:
      if (!endsAfterTwoBytes.includes(last)) return undefined
      break
  }
  return Buffer.from(text, 'base64url')
}

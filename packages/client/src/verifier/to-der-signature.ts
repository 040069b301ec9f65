/** n, the order of P-256 (SEC 2 §2.4.2), big-endian. */
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

const coordinateBytes = 32

/**
 * Writes an ES256 signature of RFC 7518 §3.4 (r ‖ s, 64 bytes) as the ASN.1 DER that OpenSSL verifies fastest; undefined unless it has
 * exactly that length and r and s are in [1, n − 1] (CVE-2022-21449 was their absence elsewhere).
 */
export function toDerSignature(signature: Uint8Array): Buffer | undefined {
  if (signature.length !== 2 * coordinateBytes) return undefined
  if (!isInRange(signature, 0) || !isInRange(signature, coordinateBytes)) return undefined
  // At most: sequence header 2, two integers of header 2 + sign byte 1 + 32.
  const der = Buffer.allocUnsafe(72)
  const afterR = writeInteger(der, 2, signature, 0)
  const end = writeInteger(der, afterR, signature, coordinateBytes)
  der[0] = 0x30
  der[1] = end - 2
  return der.subarray(0, end)
}

function isInRange(bytes: Uint8Array, from: number): boolean {
  let isZero = true
  for (let i = 0; i < coordinateBytes && isZero; i++) isZero = bytes[from + i] === 0
  if (isZero) return false
  for (let i = 0; i < coordinateBytes; i++) {
    const byte = bytes[from + i] ?? 0
    const limit = order[i] ?? 0
    if (byte !== limit) return byte < limit
  }
  return false
}

/** Writes one DER INTEGER in its shortest form (X.690 §8.3.2) and says where it ends. */
function writeInteger(der: Buffer, at: number, bytes: Uint8Array, from: number): number {
  let first = from
  while (bytes[first] === 0) first++
  const needsSignByte = (bytes[first] ?? 0) >= 0x80
  const magnitude = from + coordinateBytes - first
  der[at] = 0x02
  der[at + 1] = magnitude + (needsSignByte ? 1 : 0)
  let next = at + 2
  if (needsSignByte) der[next++] = 0
  for (let i = first; i < from + coordinateBytes; i++) der[next++] = bytes[i] ?? 0
  return next
}

import { AuthError } from '../domain/errors.ts'

/** A request as it came off the wire: grpc-js would answer INTERNAL to a decoder that throws. */
export type Incoming<T> = { readonly message: T } | { readonly fault: AuthError }

/**
 * Makes a grpc-js deserializer that never throws: undecodable bytes (invalid UTF-8 among them) are MALFORMED_MESSAGE and too many of
 * them MESSAGE_TOO_LARGE, told by the handler.
 */
export function makeDecode<T>(read: (bytes: Buffer) => T, maxBytes: number): (bytes: Buffer) => Incoming<T> {
  return (bytes) => {
    if (bytes.length > maxBytes) {
      return { fault: new AuthError('MESSAGE_TOO_LARGE', { metadata: { max_bytes: String(maxBytes) } }) }
    }
    try {
      return { message: read(bytes) }
    } catch (cause) {
      return { fault: new AuthError('MALFORMED_MESSAGE', { cause }) }
    }
  }
}

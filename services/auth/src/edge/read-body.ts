import type { FastifyRequest } from 'fastify'
import { AuthError } from '../domain/errors.ts'
import { makeUnsupportedMedia } from './from-fastify-error.ts'

const json = /^application\/json *(?:; *charset="?utf-8"? *)?$/i

/**
 * The bytes of a request's body, none where it has no body.
 * @throws AuthError MALFORMED_MESSAGE: 415 for bytes that are not declared as plain JSON in UTF-8 (RFC 8259 §8.1, §11), 400 for a GET
 *   with a body.
 */
export function readBody({ body, headers }: Pick<FastifyRequest, 'body' | 'headers'>): Uint8Array {
  if (!Buffer.isBuffer(body)) {
    const isDeclared =
      headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (!isDeclared) return new Uint8Array()
    throw new AuthError('MALFORMED_MESSAGE', { fields: [{ field: 'body', description: 'must be empty' }] })
  }
  if (body.length === 0) return body
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity'
  if (!isPlain || !json.test(headers['content-type'] ?? '')) throw makeUnsupportedMedia()
  return body
}

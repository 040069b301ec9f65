import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AuthError } from '../../domain/errors.ts'
import { toGrpcError } from '../errors.ts'

/** Answers a call that grpc-js has not seen, or shall see no more of, with the error as trailers only, and asks for no more of its body. */
export function respondWithRefusal(
  stream: ServerHttp2Stream,
  error: AuthError,
  headers: OutgoingHttpHeaders = {},
): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return
  const { code, details, metadata } = toGrpcError(error)
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': String(code),
      'grpc-message': encodeURI(details ?? ''),
      ...metadata?.toHttp2Headers(),
      ...headers,
    },
    { endStream: true },
  )
  stream.close(constants.NGHTTP2_NO_ERROR)
}

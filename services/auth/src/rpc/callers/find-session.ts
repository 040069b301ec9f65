import type { ServerHttp2Session } from 'node:http2'

/** The parts of grpc-js's server calls that lead to their connection; its types keep them to themselves. */
interface InnerCall {
  /** Where the server has interceptors: the call below. */
  readonly nextCall?: InnerCall
  readonly stream?: { readonly session?: ServerHttp2Session }
}

/**
 * The HTTP/2 connection that a call of grpc-js came over; undefined once it is closed. grpc-js itself offers `getAuthContext()`, which reads the
 * certificate anew for every call: by the connection it is judged once.
 */
export function findSession(call: object): ServerHttp2Session | undefined {
  let at = (call as { readonly call?: InnerCall }).call
  while (at?.nextCall !== undefined) at = at.nextCall
  return at?.stream?.session
}

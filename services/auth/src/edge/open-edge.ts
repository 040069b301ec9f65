import type { DescService } from '@bufbuild/protobuf'
import { type HttpListener, type ListenAddress, type ListenLimits, listen } from './listen.ts'
import { type EdgeOptions, makeEdge } from './make-edge.ts'

/**
 * Listens for HTTP/JSON on the paths of the services' `google.api.http` rules and on `/.well-known/jwks.json`.
 * @throws ListenError where the address is taken; Error for a method with a path and no mark.
 */
export async function openEdge<const T extends readonly DescService[]>(
  options: EdgeOptions<T> & ListenLimits & { readonly listen: ListenAddress },
): Promise<HttpListener> {
  const state = { isClosing: false }
  const listener = await listen(makeEdge(options, state), options.listen, options)
  return {
    ...listener,
    close: async (deadlineMs) => {
      state.isClosing = true
      await listener.close(deadlineMs)
    },
  }
}

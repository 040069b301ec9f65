import type { DescMethodUnary, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Caller } from '../domain/caller.ts'

/**
 * The unary methods of a service: a decoded request in, an answer out, AuthError thrown. gRPC and the edge call the same ones; both
 * have established the caller before.
 */
export type UnaryHandlers<S extends DescService> = {
  readonly [M in keyof S['method'] as S['method'][M] extends DescMethodUnary ? M : never]: UnaryHandler<
    S['method'][M]['input'],
    S['method'][M]['output']
  >
}

/** One of them. */
export type UnaryHandler<
  I extends DescMethodUnary['input'] = DescMethodUnary['input'],
  O extends DescMethodUnary['output'] = DescMethodUnary['output'],
> = (caller: Caller, request: MessageShape<I>) => Promise<MessageInitShape<O>>

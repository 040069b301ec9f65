import type { Caller } from '../domain/caller.ts'
import type { AuthError } from '../domain/errors.ts'

/** What the edge knows of a call while it runs; kept on the fastify request. */
export interface EdgeCall {
  /** Such as `auth.v1.AuthService/Login`, a path, or `unmatched`. */
  readonly method: string
  caller: Caller
  readonly startMs: number
  /** `jti` of a correctly signed bearer token, valid or not. */
  tokenId?: string
  /** The refusal that was answered. */
  error?: AuthError
}

declare module 'fastify' {
  interface FastifyRequest {
    edgeCall: EdgeCall
  }
  interface FastifyContextConfig {
    /** The method's name in logs and metrics. */
    readonly edgeMethod?: string
  }
}

import type { SessionId, UserId } from './ids.ts'

/** Where a call came from. */
export interface Origin {
  /** The address of whoever asks, empty where it is not known: the peer's, or what a trusted proxy or caller says it is. */
  readonly ip: string
  /** Of a service's call: the service has said whose address it is, and may say so. */
  readonly isForwarded?: boolean
  /** At most `bounds.userAgentMax` characters, without control characters. */
  readonly userAgent: string
  /** W3C trace context of the call. */
  readonly traceparent?: string
  /** Whether nobody waits for the answer any more: the deadline has passed, the caller has gone. */
  readonly isAbandoned?: () => boolean
  /** The id that the answer carries, too. */
  readonly requestId?: string
  /** `jti` of a correctly signed access token that came with the call, valid or not. */
  readonly tokenId?: string
}

/** Who makes a call: another service over gRPC, a person over the edge, or nobody known: without a token there, without a proof here. */
export type Caller =
  | {
      readonly kind: 'service'
      readonly id: string
      /** Who sits at the operator's command, as the operating system says. */
      readonly operator?: string
      readonly origin: Origin
    }
  | { readonly kind: 'anonymous'; readonly origin: Origin }
  | {
      readonly kind: 'user'
      readonly userId: UserId
      readonly sessionId: SessionId
      /** Of the token. */
      readonly roles: readonly string[]
      readonly origin: Origin
    }

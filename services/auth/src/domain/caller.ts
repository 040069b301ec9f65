import type { SessionId, UserId } from './ids.ts'

/** Where a call came from. */
export interface Origin {
  /** The peer's address, empty where it is not known. */
  readonly ip: string
  /** At most `bounds.userAgentMax` characters, without control characters. */
  readonly userAgent: string
  /** W3C trace context of the call. */
  readonly traceparent?: string
  /** The id that the answer carries, too. */
  readonly requestId?: string
  /** `jti` of a correctly signed access token that came with the call, valid or not. */
  readonly tokenId?: string
}

/** Who makes a call: another service over gRPC, or a person over the edge. */
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
      readonly origin: Origin
    }

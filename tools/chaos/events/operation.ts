import type { EventName } from '@immersiverse/auth-contract'

/** One call as its caller saw it. */
export interface Attempt {
  /** Sent with the call and carried by every event it causes: no other attempt has it. */
  readonly traceparent: string
  readonly startedAtMs: number
  endedAtMs: number | undefined
  /** `OK`, or the refusal's reason; undefined where no answer came: it may have taken effect, or not. */
  outcome: string | undefined
}

/** What a caller wanted, tried once or until somebody answered. */
export interface Operation {
  readonly kind: string
  /** Which event each answer stands for. Answers that are not here tell nothing. */
  readonly tells: Readonly<Record<string, EventName>>
  /**
   * `each`: every attempt with an answer that tells has its event. `once`: where the last attempt has such an answer, one of the attempts has
   * the event; the others changed nothing any more. `maybe`: an earlier call without an answer may have done it already.
   */
  readonly certainty: 'each' | 'once' | 'maybe'
  readonly attempts: Attempt[]
}

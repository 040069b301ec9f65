import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { Caller } from '../../domain/caller.ts'
import type { AuthError } from '../../domain/errors.ts'
import type { CallFacts } from '../call-origin.ts'
import type { CallerRules } from './caller-rules.ts'

/** A call as grpc-js hands it to a handler. */
export type ArrivedCall = CallFacts

/** Whether a call may go on, and for whom. */
export interface Admission {
  readonly caller: Caller
  readonly method: string
  /** Why it may not; CALLER_NOT_AUTHENTICATED, CALLER_NOT_ALLOWED or CALLER_LIMITED. */
  readonly refusal: AuthError | undefined
  /** What its requests may set; undefined: everything. */
  readonly fields: ReadonlySet<string> | undefined
}

/** Stands before every method: who calls, and may they? */
export interface CallerGate {
  /** Judges a call and takes `cost`, one by default, from its caller's limit. Never throws. */
  admit(call: ArrivedCall, method: string, cost?: number): Admission
  /** Takes `cost` more from the limit of an admitted caller. Throws AuthError CALLER_LIMITED. */
  spend(admission: Admission, cost: number): void
  /** Throws AuthError FIELD_NOT_ALLOWED where the request sets a field that its caller may not, be it to nothing. */
  requireFields(admission: Admission, schema: DescMessage, request: Message): void
  /** Has `end` called once an admitted stream's caller may not go on. Returns what takes it off. */
  hold(admission: Admission, end: (refusal: AuthError) => void): () => void
  /** Judges by other rules from now on, open streams at once. */
  setRules(rules: CallerRules): void
  /** Judges open streams again, for what time has changed: certificates expire. */
  review(): void
}

import type { EventName } from '@immersiverse/auth-contract'
import type { ConsumerVariant } from './consumer-variants.ts'

/** What a consuming process is started with, as JSON. */
export interface ConsumerArguments {
  /** The auth service. */
  readonly address: string
  readonly brokers: readonly string[]
  /** The consumer's own database. */
  readonly databaseUrl: string
  readonly group: string
  readonly groupProtocol: 'classic' | 'consumer'
  readonly sessionTimeoutMs: number
  readonly variant: ConsumerVariant
}

/** Where a handler may be killed. `marked` and `written` lie inside its transaction, `committed` before the offset is. */
export type HandlerPoint = (typeof handlerPoints)[number]

/** Every {@link HandlerPoint}, in the order in which a handler passes them. */
export const handlerPoints = Object.freeze(['begun', 'marked', 'written', 'committed'] as const)

/** The events that are consumed. */
export const consumedNames = Object.freeze([
  'user_created',
  'user_updated',
  'login_succeeded',
  'logged_out',
] as const satisfies EventName[])

/** Names that make an event one that cannot be handled: refused for good, or failing every time. */
export const poisons = Object.freeze(['refused', 'failing'] as const)

/** Told to a consuming process: stop dead at the next such point, and say so. */
export interface ToConsumer {
  readonly stopAt: HandlerPoint
}

/** What a consuming process says. */
export type FromConsumer =
  /** It stands still, and waits to be killed. */
  | { readonly stoppedAt: HandlerPoint }
  /** The inbox knew an event already. */
  | { readonly absorbed: 1 }
  /** Events were said to be missing before this one. */
  | { readonly gap: string }
  /** The consumer has stopped for good. */
  | { readonly failed: string }
  | { readonly counts: { readonly duplicates: number; readonly failures: number } }

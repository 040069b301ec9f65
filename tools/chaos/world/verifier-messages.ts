/** What a verifying process is told. */
export type ToVerifier =
  /** Tokens that later messages name by their number. */
  | { readonly tokens: readonly (readonly [id: number, token: string])[] }
  /** Verify these now, and answer each with the batch's number. */
  | { readonly batch: number; readonly ids: readonly number[] }
  /** Verify this one against the mark of a revocation, as proto3 JSON. */
  | { readonly batch: number; readonly ids: readonly [number]; readonly mark: unknown }
  | { readonly forget: readonly number[] }
  | { readonly statusOf: number }

/** How one verification ended: `ACCEPTED`, `UNAVAILABLE:<reason>` or `REFUSED:<reason>`. */
export type Outcome = 'ACCEPTED' | `UNAVAILABLE:${string}` | `REFUSED:${string}` | `BROKEN:${string}`

/** `view`: decided in process, before anything else ran; `asked`: after ValidateToken was asked. */
export type Decision = 'view' | 'asked'

/** What a verifying process says. It never says when: its clocks may be false. */
export type FromVerifier =
  | {
      readonly answers: readonly (readonly [
        batch: number,
        id: number,
        outcome: Outcome,
        decision: Decision,
      ])[]
    }
  | { readonly statusOf: number; readonly state: string; readonly reason: string | undefined }

/**
 * One revocation, as it is judged. Nothing is ever un-revoked, so the order of entries and their repetition mean nothing.
 * `expiresAt` is when the last token that the entry covers has expired, by the database's clock; without it the entry never goes.
 */
export type RevocationEntry =
  | { readonly type: 'token' | 'session'; readonly subject: string; readonly expiresAt?: Date | undefined }
  | {
      readonly type: 'user'
      readonly subject: string
      /** Tokens of a lower `tv` are revoked. */
      readonly minTv: number
      readonly expiresAt?: Date | undefined
    }
  /** `subject` is the `kid`. */
  | { readonly type: 'key'; readonly subject: string }
  /** `subject` is the `iss`; tokens with `iat` on or before this whole Unix second are revoked. */
  | { readonly type: 'issuer'; readonly subject: string; readonly until: number }

/** A revocation with its place in the log: `rseq` is gapless within an `epoch`. */
export type Revocation = RevocationEntry & {
  readonly kind: 'revocation'
  readonly epoch: string
  readonly rseq: number
  readonly reason: string
  readonly committedAt: Date
  readonly eventId: string
}

/** All that was acknowledged before `asOf` (the database's clock) stands in the log at or before `rseqHi`. */
export interface Heartbeat {
  readonly kind: 'heartbeat'
  readonly epoch: string
  /** Of the leader that says so; what an older leader says later is not listened to. */
  readonly term: number
  readonly rseqHi: number
  readonly asOf: Date
  readonly intervalMs: number
}

/** A part of a snapshot: entries, in any number of parts, then one end. All revocations up to `rseq` that cover live tokens are in it. */
export type SnapshotPart =
  | { readonly kind: 'entries'; readonly entries: readonly RevocationEntry[] }
  | { readonly kind: 'end'; readonly epoch: string; readonly rseq: number }

/** The log's end, and the clock of the primary database (`clock_timestamp()`, never a standby's). */
export interface RevocationStatus {
  readonly epoch: string
  readonly rseqHi: number
  readonly databaseTime: Date
}

/** What a revoking call has just revoked, for judging elsewhere before the log has brought it there. */
export interface RevocationMark {
  readonly epoch: string
  readonly entries: readonly RevocationEntry[]
}

/** Where a follower reads revocations. All three are told by `signal` when nobody listens any more. */
export interface RevocationSource {
  /**
   * The log after `afterRseq`, in order, then what is added; repetitions are harmless. Before a heartbeat comes all that it speaks of.
   * Throws RevocationDoubt for a record that cannot be read or a place that is gone; any other error is a broken connection.
   */
  watch(
    from: { readonly epoch: string; readonly afterRseq: number },
    signal: AbortSignal,
  ): AsyncIterable<Revocation | Heartbeat>
  snapshot(signal: AbortSignal): AsyncIterable<SnapshotPart>
  status(signal: AbortSignal): Promise<RevocationStatus>
}

/** Why a log cannot be followed from where the reader stands. */
export type LogDoubt = 'GAP' | 'EPOCH_CHANGED' | 'UNREADABLE_RECORD' | 'OUT_OF_RANGE' | 'MEMORY_LIMIT'

/** The log cannot be followed from where the reader stands: everything must be read anew. */
export class RevocationDoubt extends Error {
  override readonly name = 'RevocationDoubt'
  readonly doubt: LogDoubt

  constructor(doubt: LogDoubt, message: string, options?: ErrorOptions) {
    super(message, options)
    this.doubt = doubt
  }
}

/** A record as the independent reader printed it. */
export interface TopicRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string
  /** Empty where there is none. */
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
  /** When the broker took it, by the machine's wall clock. */
  readonly appendedAtMs: number
}

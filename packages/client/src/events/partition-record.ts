/** A record as it stands on a partition. */
export interface PartitionRecord {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
}

/** A batch of records as Kafka's client hands it over. */
export interface FetchedBatch {
  readonly attributes: number
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly producerId: bigint
  readonly records: readonly (Omit<PartitionRecord, 'offset'> & { readonly offsetDelta: number })[]
}

/** A record as its source hands it over, before it is decoded. */
export interface EventRecord {
  readonly topic: string
  readonly key: string
  /** CloudEvents attributes by their bare names (`id`, `type`, `usersequence` …) and `traceparent`. */
  readonly attributes: ReadonlyMap<string, string>
  /** `application/json` or `application/protobuf`. */
  readonly contentType: string
  readonly data: Uint8Array
  /** Where it stands in its source, for the handler and the log. */
  readonly origin: EventOrigin
  /**
   * Rises when the partition's records were read by somebody else meanwhile: what is not seen between two tenures is no gap. Undefined where
   * all is read by one.
   */
  readonly tenure?: number
  /** It and all before it in its partition are dealt with: the source may move its committed position past it. Never rejects. */
  done(): Promise<void>
}

/** A place in a source at which there is no event for this consumer. */
export type PositionMark = Pick<EventRecord, 'done'> & { readonly origin: { readonly position: string } }

/** Where an event was read. */
export type EventOrigin =
  | { readonly partition: number; readonly offset: bigint }
  | { readonly position: string }

/**
 * Events in the order of their source, for as long as the signal given to its maker is not aborted: it reconnects by itself. Throws only
 * what trying again cannot mend.
 */
export type EventSource = AsyncIterable<EventRecord | PositionMark>

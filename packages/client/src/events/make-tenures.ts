/** Tells whether a partition was somebody else's meanwhile. */
export interface Tenures {
  /**
   * The tenure of a record, in the order in which a consumer reads them. `assignment` is the same object for as long as the group gives the
   * consumer the same partitions.
   */
  judge(record: TenureRecord, assignment: object | null): number
}

/** What is used of a record. */
export interface TenureRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/**
 * Makes the tenures of a consumer, for all its lives. A new one begins where records were left out since an assignment before: whoever had the
 * partition in between has handled them. A jump within one assignment begins none, so that records that are lost are missed.
 */
export function makeTenures(): Tenures {
  const places = new Map<string, { next: bigint; assignment: object | null; tenure: number }>()
  let count = 0
  return {
    judge({ topic, partition, offset }, assignment) {
      const line = `${topic}:${partition}`
      const place = places.get(line)
      if (place !== undefined && (place.assignment === assignment || offset <= place.next)) {
        place.assignment = assignment
        if (offset >= place.next) place.next = offset + 1n
        return place.tenure
      }
      count += 1
      places.set(line, { next: offset + 1n, assignment, tenure: count })
      return count
    },
  }
}

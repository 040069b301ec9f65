/** How many observations each bucket of a Prometheus histogram has, itself and the lower ones, by its upper bound in seconds. */
export type Buckets = ReadonlyMap<number, number>

/** Reads a histogram's buckets from the text of /metrics; `labels` as they stand there. Empty where nothing was observed yet. */
export function readBuckets(text: string, name: string, labels: string): Buckets {
  const line = new RegExp(`^${name}_bucket\\{le="([^"]+)",${labels}\\} (\\d+)$`, 'gm')
  return new Map(
    [...text.matchAll(line)].map(([, bound, count]) => [
      bound === '+Inf' ? Infinity : Number(bound),
      Number(count),
    ]),
  )
}

/** The upper bound, in milliseconds, of the bucket in which this share of the observations between two readings ends; NaN without any. */
export function toQuantileMs(before: Buckets, after: Buckets, share: number): number {
  const total = (after.get(Infinity) ?? 0) - (before.get(Infinity) ?? 0)
  if (total === 0) return Number.NaN
  for (const [bound, count] of after) {
    if (count - (before.get(bound) ?? 0) >= total * share) return bound * 1_000
  }
  return Infinity
}

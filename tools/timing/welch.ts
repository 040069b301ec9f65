/** Welch's t of two samples: how many standard errors their means are apart. */
export function toWelchT(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [toMoments(one), toMoments(other)]
  const error = Math.sqrt(a.variance / a.count + b.variance / b.count)
  return error === 0 ? (a.mean === b.mean ? 0 : Number.POSITIVE_INFINITY) : (a.mean - b.mean) / error
}

/** Mean and unbiased variance. */
export function toMoments(sample: readonly number[]): { count: number; mean: number; variance: number } {
  const count = sample.length
  const mean = sample.reduce((sum, value) => sum + value, 0) / count
  const squares = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { count, mean, variance: squares / (count - 1) }
}

/** The values of each sample that are at most the given quantile of all of them together: outliers hide a small difference. */
export function cropTogether(
  samples: readonly [readonly number[], readonly number[]],
  quantile: number,
): [number[], number[]] {
  const all = Float64Array.from(samples.flat()).sort()
  const limit = all[Math.ceil(quantile * all.length) - 1] ?? Number.POSITIVE_INFINITY
  const [one, other] = samples
  return [one.filter((value) => value <= limit), other.filter((value) => value <= limit)]
}

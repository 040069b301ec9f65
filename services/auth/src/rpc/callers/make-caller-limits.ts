import type { CallerEntry, CallerLimit } from '../../domain/caller-policy.ts'
import { AuthError } from '../../domain/errors.ts'

/** What lets calls of one caller through; `take` as in `security/callers/make-token-bucket`. */
export interface Bucket {
  take(cost: number, nowMs: number): number
}

/** The limits of all callers of this instance. */
export interface CallerLimits {
  /** Takes calls from a caller's limit; AuthError CALLER_LIMITED where it has not as many. */
  take(entry: CallerEntry, cost: number): AuthError | undefined
}

/** What limits are made of. */
export interface CallerLimitsOptions {
  readonly makeBucket: (limit: CallerLimit, nowMs: number) => Bucket
  readonly monotonicMs: () => number
}

/** Keeps a bucket for each caller with a limit; a changed limit begins with a full one. */
export function makeCallerLimits({ makeBucket, monotonicMs }: CallerLimitsOptions): CallerLimits {
  const buckets = new Map<string, { readonly limit: CallerLimit; readonly bucket: Bucket }>()
  const getBucket = (id: string, limit: CallerLimit, nowMs: number): Bucket => {
    const known = buckets.get(id)
    if (known?.limit.perSecond === limit.perSecond && known.limit.burst === limit.burst) return known.bucket
    const bucket = makeBucket(limit, nowMs)
    buckets.set(id, { limit, bucket })
    return bucket
  }
  return {
    take: ({ id, limit }, cost) => {
      if (limit === undefined) return undefined
      const nowMs = monotonicMs()
      const retryAfterMs = getBucket(id, limit, nowMs).take(cost, nowMs)
      return retryAfterMs === 0 ? undefined : new AuthError('CALLER_LIMITED', { retryAfterMs })
    },
  }
}

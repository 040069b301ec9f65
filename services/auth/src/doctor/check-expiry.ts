import type { Finding } from './finding.ts'
import { toDuration } from './to-duration.ts'

/** Time enough for somebody to answer. */
const soonMs = 21 * 86_400_000

/** When a certificate is valid. */
export interface Validity {
  readonly from: Date
  readonly until: Date
}

/** Whether a certificate, called `who`, is valid now and for three weeks more. */
export function checkExpiry(check: string, who: string, { from, until }: Validity, now: Date): Finding {
  const leftMs = until.getTime() - now.getTime()
  const remedy = 'renew it, and see why what renews it has not done so'
  if (leftMs <= 0)
    return { check, severity: 'error', what: `${who} expired ${toDuration(-leftMs)} ago`, remedy }
  if (from > now) {
    const early = 'correct the clock of this machine or wait'
    return {
      check,
      severity: 'error',
      what: `${who} is not valid before ${from.toISOString()}`,
      remedy: early,
    }
  }
  const what = `${who} expires in ${toDuration(leftMs)}`
  return leftMs < soonMs ? { check, severity: 'warning', what, remedy } : { check, severity: 'ok', what }
}

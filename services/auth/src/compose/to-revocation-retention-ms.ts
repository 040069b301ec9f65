import type { Config } from '../config.ts'
import { skewMs } from './to-settings.ts'

/** A reader that was away for a day finds its place again. */
const awayMs = 86_400_000

/** How long records stay on the topic of revocations: at least as long as a token lives, by the slowest clock, and a day. */
export function toRevocationRetentionMs(config: Config): number {
  return Math.max(config.AUTH_EVENT_RETENTION, config.AUTH_ACCESS_TTL + skewMs + awayMs)
}

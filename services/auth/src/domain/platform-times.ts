/** How long what takes at platforms, in milliseconds. */
export interface PlatformTimes {
  /** From begin to connect. */
  readonly stateMs: number
  /** An access token with less left than this is renewed before it is given out. */
  readonly marginMs: number
  /** The right to renew; longer than a request to the platform may take. */
  readonly leaseMs: number
  /** How long GetPlatformAccessToken waits for a renewal that somebody else does. */
  readonly waitMs: number
  /** How often it looks. */
  readonly lookMs: number
  /** After a failed renewal; doubled each time. */
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** How often an instance looks for what is due in the background. */
  readonly upkeepMs: number
  /** For how long revoking a grant at its platform is tried. */
  readonly revocationTries: number
}

/** How long to leave a platform alone after so many failures in a row, with jitter: `random` is in [0, 1). */
export function toPauseMs(
  { firstPauseMs, longestPauseMs }: Pick<PlatformTimes, 'firstPauseMs' | 'longestPauseMs'>,
  failures: number,
  random: number,
): number {
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 20))
  return pauseMs * (0.75 + random / 2)
}

/** When a grant that nobody uses is renewed: within the last quarter of the time it may rest, so that grants made together are not renewed together. */
export function toIdleRenewalMs(idleMs: number, random: number): number {
  return idleMs * (0.75 + random / 4)
}

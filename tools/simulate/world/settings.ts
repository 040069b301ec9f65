import type { Settings } from '../../../services/auth/src/deps.ts'
import type { Random } from '../time/make-random.ts'

/** What a world's seed decides once. */
export interface WorldSettings {
  readonly service: Settings
  /** How long an entry is kept after it was written. */
  readonly coverMs: number
  /** How long past its expiry a verifier keeps an entry. */
  readonly viewSkewSeconds: number
  readonly deleteEveryMs: number
  /** S, of each verifying process. */
  readonly maxStalenessMs: number
  readonly measureEveryMs: number
  readonly latenessMs: number
}

const issuer = 'https://auth.example'
const audience = 'immersiverse'

/** No world has a platform: nothing is ever waited for. */
const noPlatforms: Settings['platforms'] = Object.freeze({
  redirectUris: [],
  callbackUri: '',
  loginCreatesUsers: false,
  times: {
    ...{ stateMs: 0, marginMs: 0, leaseMs: 0, waitMs: 0, lookMs: 0 },
    ...{ firstPauseMs: 0, longestPauseMs: 0, upkeepMs: 0, revocationTries: 0 },
  },
})

/** Chooses a world's settings; some have tokens so short that entries expire while it runs. */
export function chooseSettings(random: Random): WorldSettings {
  const isShort = random.chance(0.15)
  const accessTtlMs = isShort ? random.chooseOne([1000, 2000]) : 600_000
  // How far clocks may be apart, as a verifier judges times: by its measurement of the database's clock, error at most 1 s.
  const skewMs = isShort ? 2500 : 60_000
  const refreshIdleMs = random.chance(0.1) ? 3000 : 30 * 86_400_000
  const refreshMaxMs = random.chance(0.1) ? 5000 : 90 * 86_400_000
  return {
    service: {
      issuer,
      audience,
      passwordMinLength: 8,
      accessTtlMs,
      refreshIdleMs,
      refreshMaxMs,
      refreshGraceMs: random.chooseOne([0, 800, 2000, 10_000]),
      loginFloorMs: 150,
      refreshFloorMs: 25,
      skewMs,
      platforms: noPlatforms,
      keyTimes: {
        rotationMs: Number.POSITIVE_INFINITY,
        publishedMaxAgeMs: random.between(200, 800),
        ringMaxAgeMs: random.between(600, 1500),
        ringPollMs: random.between(400, 900),
        rotationCheckMs: 10_000,
        skewMs,
        accessTtlMs,
        refreshMaxMs,
      },
    },
    coverMs: accessTtlMs + skewMs,
    viewSkewSeconds: isShort ? 1 : 30,
    deleteEveryMs: isShort ? 400 : 10_000,
    maxStalenessMs: random.chooseOne([900, 1500, 3000]),
    measureEveryMs: random.between(800, 4000),
    latenessMs: random.chooseOne([5, 80, 200]),
  }
}

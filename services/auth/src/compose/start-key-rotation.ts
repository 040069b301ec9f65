import type { Deps } from '../deps.ts'
import { keepKeysRotated } from '../use-cases/keep-keys-rotated.ts'

/** What the schedule needs beside {@link Deps}. */
export interface KeyRotationOptions {
  /** `AUTH_SIGNING_ALGORITHM`: a newest key of another algorithm gets a successor. */
  readonly algorithm: string
  /** In [0, 1), for jitter. */
  readonly random: () => number
}

/** A running schedule. */
export interface KeyRotation {
  close(): Promise<void>
}

/**
 * Looks now and then whether a rotation is due and plans it. The algorithm is compared until the newest key has it, once after the start:
 * instances of two configurations, as in a rolling update, do not outdo each other for ever.
 */
export function startKeyRotation(deps: Deps, { algorithm, random }: KeyRotationOptions): KeyRotation {
  const closing = new AbortController()
  const running = run()

  async function run(): Promise<void> {
    let wished: string | undefined = algorithm
    while (!closing.signal.aborted) {
      try {
        const kept = await keepKeysRotated(deps, { algorithm: wished })
        for (const key of kept.planned) deps.log.info({ ...key }, 'a new key is planned')
        if (kept.deleted.length > 0) deps.log.info({ keyIds: kept.deleted }, 'ended keys deleted')
        if (kept.newestAlgorithm === wished) wished = undefined
      } catch (err) {
        deps.log.warn({ err }, 'the rotation of keys cannot be looked after; trying again')
      }
      await deps.clock.sleep(deps.settings.keyTimes.rotationCheckMs * (0.75 + random() / 2), closing.signal)
    }
  }

  return {
    close: async () => {
      closing.abort()
      await running
    },
  }
}

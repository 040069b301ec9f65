import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import type { PositionStore } from './open-watch-source.ts'
import { waitFor } from './retry-forever.ts'

/** What a saver needs. */
export interface PositionSaverOptions {
  readonly position: Pick<PositionStore, 'save'>
  readonly firstMs: number
  readonly maxMs: number
  readonly signal: AbortSignal
  readonly logger: Logger
}

/**
 * Makes what saves positions: one at a time, and of those that come meanwhile only the last. Resolves when that one or a later one is saved. A
 * failure is logged and tried again; when the signal is aborted, once more and no further. Never rejects.
 */
export function makePositionSaver(options: PositionSaverOptions): (position: string) => Promise<void> {
  const { position: store, signal, logger } = options
  let wanted: string | undefined
  let saved: string | undefined
  let running: Promise<void> | undefined

  const saveWanted = async (): Promise<void> => {
    const backoff = makeBackoff(options)
    while (wanted !== saved && wanted !== undefined) {
      const isLastAttempt = signal.aborted
      const next = wanted
      try {
        await store.save(next)
        saved = next
      } catch (err) {
        logger.error({ err }, 'the position cannot be saved')
        if (isLastAttempt) return
        await waitFor(backoff.next(), signal)
      }
    }
  }
  return (position) => {
    wanted = position
    running ??= saveWanted().finally(() => {
      running = undefined
    })
    return running
  }
}

import type { Database } from '../../../services/auth/src/store/database.ts'
import { makeModelDatabase } from './make-model-database.ts'
import type { ModelDatabase, ModelDatabaseOptions, ModelTime } from './model-database.ts'

/** The time of this machine; its timers keep no process alive. */
export const realTime: ModelTime = Object.freeze({
  get nowMs() {
    return performance.now()
  },
  after: (ms: number, fire: () => void) => {
    const timer = setTimeout(fire, ms)
    // Time-outs, which hardly ever come.
    if (ms >= 1000) timer.unref()
  },
})

/** A model for tests of the store that also run on PostgreSQL: its clock is this machine's, and what takes time takes little. */
export function openModelInRealTime(options: Partial<ModelDatabaseOptions> = {}): {
  readonly database: Database
  readonly model: ModelDatabase
} {
  const model = makeModelDatabase({
    time: realTime,
    random: Math.random,
    startMs: performance.timeOrigin,
    poolSize: 20,
    ...options,
    latency: { tripMs: () => 0, flushMs: () => 0, executionMs: () => 0, ...options.latency },
  })
  return { database: model.open('test'), model }
}

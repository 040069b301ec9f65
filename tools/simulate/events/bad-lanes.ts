import { openRevocationLane } from '../../../services/auth/src/events/revocation-lane.ts'
import { getDatabaseTime } from '../../../services/auth/src/store/revocations.ts'

const beatEveryMs = 500

/**
 * A leader that never asks whether it still is one: once it has sent a heartbeat it goes on, of the clock as it is and the last number that
 * it has heard of, and leaves out its term, so that no reader can tell.
 */
export function openUnaskedLane(
  options: Parameters<typeof openRevocationLane>[0],
): ReturnType<typeof openRevocationLane> {
  const { clock, database, sink } = options
  if (sink === undefined) return openRevocationLane(options)
  const never = new AbortController().signal
  let isBeating = false
  const beat = async (last: object) => {
    for (;;) {
      await clock.sleep(beatEveryMs)
      const asOf = await getDatabaseTime(database.kysely).catch(() => undefined)
      const heartbeat = asOf && { ...last, term: undefined, asOf }
      if (heartbeat) await sink.publish([{ heartbeat } as never], never).catch(() => undefined)
    }
  }
  return openRevocationLane({
    ...options,
    sink: {
      ...sink,
      async publish(records, signal) {
        await sink.publish(records, signal)
        const last = records.find(({ heartbeat }) => heartbeat !== undefined)?.heartbeat
        if (last === undefined || isBeating) return
        isBeating = true
        void beat(last)
      },
    },
  })
}

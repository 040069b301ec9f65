import { findDueKey, listParkedKeys, parkKey, unparkKey } from '../store/parked-keys.ts'
import { readUserStates, type UserState } from '../store/user-states.ts'
import type { StatePublishing } from './publish-user-states.ts'
import { RefusedError } from './sink.ts'

/** Writes users' states to a sink that may fail, or refuse some. */
export interface StateWriter {
  /** How many users the next call may have: fewer after a refusal, until it is known whose state it is. */
  readonly limit: number
  /**
   * Writes users as they are now, those whose states are withheld without their names. False where it is not known whether they are written: the
   * sink has to be taken over, and the users given again.
   */
  write(userIds: readonly string[]): Promise<boolean>
  /** Tries a withheld state again that is due; false as `write`. */
  retryDue(): Promise<boolean>
  /** Whether a call to the sink succeeded; a failure is logged. */
  attempt(call: () => Promise<void>): Promise<boolean>
}

const kind = 'STATES'

/**
 * Makes the writer of one term. A state that is refused for good would hold up everybody's, and heartbeats with them; left out, readers would take
 * the one before it for the user's last. So they are told its version and no more, and ask GetUser. It is found by smaller and smaller batches,
 * and tried again when its time has come. Throws TermLostError when another process has taken over.
 */
export async function openStateWriter({
  halt,
  parkTimes,
  session: { kysely },
  sink,
  stop,
  term,
}: StatePublishing & { readonly halt: AbortSignal }): Promise<StateWriter> {
  const { complain, leadership, log, status } = term
  const most = term.batchSize ?? 500
  const withheld = new Set((await listParkedKeys(kysely, kind)).map(({ key }) => key))
  let limit = most
  status.withheldStates = withheld.size

  async function withhold(userId: string, reason: string): Promise<void> {
    await parkKey(kysely, leadership, { kind, key: userId, pubSeq: 0, reason }, parkTimes)
    withheld.add(userId)
    status.withheldStates = withheld.size
    log.error({ userId, reason }, "the broker refuses a user's state for good: it is withheld, others go on")
  }

  async function deal(error: unknown, states: readonly UserState[]): Promise<void> {
    const [first] = states
    if (!(error instanceof RefusedError) || error.isOfTopic || first === undefined) return
    if (states.length > 1) limit = Math.max(1, states.length >> 1)
    else if (first.isWithheld !== true) await withhold(first.userId, error.message)
  }

  const writer: StateWriter = {
    get limit() {
      return limit
    },
    async attempt(call) {
      try {
        await call()
        return true
      } catch (error) {
        if (!halt.aborted) complain(error, 'the states of users cannot be published')
        return false
      }
    },
    async write(userIds) {
      const states = (await readUserStates(kysely, userIds)).map((state) =>
        withheld.has(state.userId) ? { ...state, isWithheld: true } : state,
      )
      if (states.length === 0) return true
      let refused: unknown
      const isWritten = await writer.attempt(() =>
        sink.publish(states, leadership.epoch, stop).catch((error) => {
          refused = error
          throw error
        }),
      )
      if (isWritten) limit = Math.min(limit * 2, most)
      else await deal(refused, states)
      return isWritten
    },
    async retryDue() {
      const due = withheld.size > 0 ? await findDueKey(kysely, Number.MAX_SAFE_INTEGER, kind) : undefined
      if (due === undefined) return true
      withheld.delete(due)
      if (await writer.write([due])) {
        await unparkKey(kysely, due, kind)
        log.info({ userId: due }, "a user's state is withheld no longer")
      } else withheld.add(due)
      status.withheldStates = withheld.size
      return !withheld.has(due)
    },
  }
  return writer
}

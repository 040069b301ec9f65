import type { UserState } from '../store/user-states.ts'

/** What is said of the records before it: see `UserStateHeartbeat`. */
export interface UserStateHeartbeat {
  readonly epoch: string
  readonly term: number
  /** The number of the last event whose effect stands before it. */
  readonly hi: number
  readonly asOf: Date
  readonly intervalMs: number
}

/** How far the log says that the database had come. */
export type LogReach = Pick<UserStateHeartbeat, 'epoch' | 'term' | 'hi'>

/** Where the leader takes users' states to: the last record of a user is what readers believe. */
export interface UserStateSink {
  /**
   * Resolves once whoever wrote before, here or elsewhere, can write nothing any more, and makes ready what writing needs. To be called before
   * the first record is read, and again after a write that failed.
   */
  takeOver(signal: AbortSignal): Promise<void>
  /**
   * Resolves once all states stand where readers find them; they appear together or not at all. Rejects when that is not known, when another
   * writer has taken over, or when `signal` aborts; with RefusedError where at least one state is not taken. One call at a time.
   */
  publish(states: readonly UserState[], epoch: string, signal: AbortSignal): Promise<void>
  /** Resolves once the heartbeat stands behind everything that was published before, wherever readers look. Rejects like `publish`. */
  beat(heartbeat: UserStateHeartbeat, signal: AbortSignal): Promise<void>
  /** The last heartbeat that stands there, whoever wrote it; undefined where there is none. Rejects when that is not known. */
  findLastHeartbeat(signal: AbortSignal): Promise<LogReach | undefined>
  /** Ends connections, in bounded time. */
  close(): Promise<void>
}

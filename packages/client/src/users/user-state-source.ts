import type { CachedUser } from './cached-user.ts'

/** Takes what a source tells as it comes: in any order, any number of times. */
export interface UserChanges {
  /** The epoch is that of the event; users of another one than the table's are not comparable with its own. */
  takeChange(user: CachedUser, epoch: string): void
  /** Deleted users never come back within an epoch, so no version is needed. */
  takeDeleted(userId: string, epoch: string): void
  /** Something about this user was told that could not be read. */
  takeUnreadable(userId: string): void
  /** The source is alive and has told everything that it knew. */
  takeLifeSign(): void
}

/** Where a cache reads users: all there are, and what changes. */
export interface UserStateSource {
  /**
   * All users, in parts of any size; each part as stored at some moment after it was asked for by `next()`, and gone through once, before the
   * next is asked for. Rejects where the connection breaks; then it is called again, from the beginning.
   */
  list(signal: AbortSignal): AsyncIterable<Iterable<CachedUser>>
  /**
   * Tells every change from before this call on, soon after it was made, until the signal is aborted. Reconnects by itself; rejects where it
   * cannot go on: then it is called again, and all users are listed anew.
   */
  follow(changes: UserChanges, signal: AbortSignal): Promise<void>
  /** A source that gives no sign of life for so long is broken; undefined where it gives none in health. */
  readonly silenceMs: number | undefined
}

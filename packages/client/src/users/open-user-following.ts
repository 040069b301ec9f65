import { toUserStateTopic } from '@immersiverse/auth-contract'
import { OffsetGoneError } from '../events/fetch-consumer.ts'
import type { KafkaOptions } from '../events/kafka-options.ts'
import { openTopicReader, type TopicReader } from '../events/open-topic-reader.ts'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import type { Clock, RevocationSource } from '../verifier/index.ts'
import { untilAborted } from '../verifier/until-aborted.ts'
import { makeUserBatch } from './make-user-batch.ts'
import type { ProjectionState, ProjectionWriter, UserProjection } from './user-projection.ts'

/** What following users is made of. */
export interface UserFollowingOptions {
  readonly into: UserProjection
  readonly kafka: KafkaOptions
  /** Asks for the database's clock and epoch. */
  readonly status: RevocationSource['status']
  readonly clock: Clock
  readonly logger: Logger
  readonly running: Set<AsyncDisposable>
  readonly random?: () => number
}

/** How following does. */
export interface UserFollowingStatus {
  /** `following`: this process writes the table; `standby`: another one does; `waiting`: something failed and is tried again. */
  readonly state: 'following' | 'standby' | 'waiting' | 'closed'
  /** The table has everything up to then, by the auth database's clock, as this process knows; undefined where it does not. */
  readonly asOf: Date | undefined
  /** What failed last; undefined once something was written after it. */
  readonly error: unknown
}

/** A table of users being kept up to date. */
export interface UserFollowing extends AsyncDisposable {
  status(): UserFollowingStatus
  /** Resolves once the table has all users, as of some time; rejects with the signal's reason, or when it is closed before. */
  complete(signal?: AbortSignal): Promise<void>
  /** Resolves when the transaction at hand is over and the connection is given back. Idempotent. */
  close(): Promise<void>
}

const retryBounds = { firstMs: 100, maxMs: 5_000 }
const standbyMs = 1_000
/** A statement's worth of users. */
const usersMax = 2_000
/** Positions without users are written so often: heartbeats alone would cost two dozen commits a second. */
const idleSaveMs = 1_000
/** The topic forgets who was deleted after `delete.retention.ms`, a day by Kafka's default. Who was away for longer than half of that lists anew. */
const awayMaxMs = 12 * 3_600_000

/** Keeps a table of users up to date from `auth.state.users`, until it is closed, whatever breaks meanwhile. Whoever opens closes. */
export function openUserFollowing(options: UserFollowingOptions): UserFollowing {
  const following = new Following(options)
  options.running.add(following)
  return following
}

class Following implements UserFollowing {
  readonly #options: UserFollowingOptions
  readonly #closing = new AbortController()
  readonly #backoff
  readonly #running: Promise<void>
  readonly #completed: Promise<void>
  #resolveCompleted: () => void = () => undefined
  #status: UserFollowingStatus = { state: 'waiting', asOf: undefined, error: undefined }
  #isGone = false

  constructor(options: UserFollowingOptions) {
    this.#options = options
    this.#backoff = makeBackoff({ ...retryBounds, random: options.random ?? Math.random })
    this.#completed = new Promise((resolve) => {
      this.#resolveCompleted = resolve
    })
    this.#running = this.#keepFollowing()
  }

  status(): UserFollowingStatus {
    return this.#status
  }

  complete(signal?: AbortSignal): Promise<void> {
    const signals = [this.#closing.signal, ...(signal ? [signal] : [])]
    return untilAborted(this.#completed, AbortSignal.any(signals))
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'))
    await this.#running
    this.#options.running.delete(this)
    this.#say({ state: 'closed' })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #say(said: Partial<UserFollowingStatus>): void {
    this.#status = { ...this.#status, ...said }
    if (said.asOf !== undefined) this.#resolveCompleted()
  }

  async #keepFollowing(): Promise<void> {
    const { clock, into, logger } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await using writer = await into.openWriter()
        if (writer !== undefined) await this.#follow(writer)
        else this.#say({ state: 'standby', asOf: await into.readAsOf(), error: undefined })
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof OffsetGoneError) this.#isGone = true
        this.#say({ state: 'waiting', error })
        logger.warn({ err: error }, 'following users was interrupted')
      }
      await clock.sleep(this.#status.state === 'standby' ? standbyMs : this.#backoff.next(), signal)
    }
  }

  /** Returns where the auth service has begun another epoch. */
  async #follow(writer: ProjectionWriter): Promise<void> {
    const { kafka, status } = this.#options
    const { signal } = this.#closing
    const loaded = await writer.load()
    const now = await status(signal)
    await using reader = await openTopicReader(kafka, toUserStateTopic(kafka.topicPrefix), signal)
    const isKept = loaded !== undefined && !this.#isGone && isUsable(loaded, reader, now)
    const state = isKept ? loaded : await this.#beginList(writer, reader, now)
    this.#say({ state: 'following', asOf: state.asOf })
    await this.#write(writer, reader, state)
  }

  async #beginList(writer: ProjectionWriter, reader: TopicReader, now: Now): Promise<ProjectionState> {
    const partitions = reader.partitions.map(({ begin, partition }) => ({ partition, next: begin }))
    const start = { topicId: reader.topicId, epoch: now.epoch, beganAt: now.databaseTime, partitions }
    const state = await writer.beginList(start)
    this.#isGone = false
    return state
  }

  async #write(writer: ProjectionWriter, reader: TopicReader, state: ProjectionState): Promise<void> {
    const { clock, status } = this.#options
    const batch = makeUserBatch(state)
    const from = state.partitions.map(({ next, partition }) => ({ partition, offset: next }))
    let [savedMs, askedMs] = [clock.monotonicMs(), Number.NEGATIVE_INFINITY]
    for await (const part of reader.read(from)) {
      const { other } = batch.take(part)
      const nowMs = clock.monotonicMs()
      const isDue = batch.users > 0 ? part.isAtEnd : nowMs - savedMs >= idleSaveMs
      if (isDue || batch.users >= usersMax) {
        await this.#save(writer, batch.drain())
        savedMs = clock.monotonicMs()
      }
      // Heartbeats of another epoch are of one that is over, or of one that has begun: the database knows.
      if (other === undefined || !part.isAtEnd || nowMs - askedMs < idleSaveMs) continue
      askedMs = nowMs
      if ((await status(this.#closing.signal)).epoch !== state.epoch) return
    }
  }

  async #save(writer: ProjectionWriter, batch: Parameters<ProjectionWriter['save']>[0]): Promise<void> {
    const asOf = await writer.save(batch)
    this.#backoff.reset()
    this.#say({ error: undefined, ...(asOf && { asOf }) })
  }
}

type Now = Awaited<ReturnType<RevocationSource['status']>>

/** Whether reading may go on where it stood: on the same topic, in the same epoch, and not after so long that deletions are forgotten. */
function isUsable(state: ProjectionState, reader: TopicReader, now: Now): boolean {
  const { asOf, beganAt, epoch, isComplete, partitions, topicId } = state
  const knownAt = (isComplete ? asOf : undefined) ?? beganAt
  return (
    topicId === reader.topicId &&
    epoch === now.epoch &&
    partitions.length === reader.partitions.length &&
    now.databaseTime.getTime() - knownAt.getTime() <= awayMaxMs
  )
}

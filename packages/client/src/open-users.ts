import { randomUUID } from 'node:crypto'
import type { Client } from '@grpc/grpc-js'
import { AuthService, EventService, UserService } from '@immersiverse/auth-contract'
import type { KafkaOptions } from './events/kafka-options.ts'
import { makeKafkaRevocationSource } from './events/make-kafka-revocation-source.ts'
import { openKafkaSource } from './events/open-kafka-source.ts'
import { openWatchSource } from './events/open-watch-source.ts'
import { makeGrpcClient } from './grpc/make-grpc-client.ts'
import { makeRevocationSource } from './grpc/make-revocation-source.ts'
import type { Logger } from './logger.ts'
import { type ListedSourceOptions, makeListedSource } from './users/make-listed-source.ts'
import { makeTopicSource } from './users/make-topic-source.ts'
import { type CachedUsers, openCachedUsers } from './users/open-cached-users.ts'
import type { UserCacheOptions } from './users/user-cache-options.ts'
import type { UserStateSource } from './users/user-state-source.ts'
import {
  openRevocationFollower,
  type RevocationEntry,
  type RevocationState,
  systemClock,
} from './verifier/index.ts'

/** What a cache of users is connected to. */
export interface OpenUsersOptions extends UserCacheOptions {
  readonly channel: Client
  readonly deadlineMs: number
  readonly maxStalenessMs: number
  readonly logger: Logger
  /** Where events are read from; undefined: WatchEvents. */
  readonly kafka: KafkaOptions | undefined
  /** Whether revocations are followed over Kafka too. */
  readonly hearsKafka: boolean
  /** The revocations that verification follows, whose `hear` and `begin` the caller connects; undefined: the cache follows its own. */
  readonly revocations: RevocationState | undefined
}

/** Events from so long before are read again: clocks differ. */
const overlapMs = 5 * 60_000
/** WatchEvents beats every 5 s. */
const watchSilenceMs = 15_000

/** The cache, and what it has to be told where it does not follow revocations itself. */
export interface OpenedUsers {
  readonly users: CachedUsers
  hear(entry: RevocationEntry): void
  begin(epoch: string): void
  close(): Promise<void>
}

/** Opens the cache of users of a connection. Whoever opens closes. */
export function openUsers(options: OpenUsersOptions): OpenedUsers {
  const { channel, deadlineMs, maxStalenessMs, logger } = options
  const client = makeGrpcClient(UserService, channel, { deadlineMs })
  const follower =
    options.revocations === undefined
      ? openRevocationFollower({
          source: makeSource(options),
          clock: systemClock,
          maxStalenessMs,
          logger,
          onEntry: (entry) => users.hear(entry),
          onBegin: (epoch) => users.begin(epoch),
        })
      : undefined
  const users = openCachedUsers({
    ...options,
    client,
    clock: systemClock,
    freshness: (options.revocations ?? follower) as RevocationState,
    source: makeStates(options, client),
  })
  return {
    users,
    hear: (entry) => users.hear(entry),
    begin: (epoch) => users.begin(epoch),
    close: async () => {
      await follower?.close()
      await users.close()
    },
  }
}

function makeSource({ channel, deadlineMs, kafka, hearsKafka }: OpenUsersOptions) {
  const client = makeGrpcClient(AuthService, channel, { deadlineMs })
  return kafka !== undefined && hearsKafka
    ? makeKafkaRevocationSource({ kafka, client })
    : makeRevocationSource(client)
}

function makeStates(options: OpenUsersOptions, client: ListedSourceOptions['client']): UserStateSource {
  const { channel, deadlineMs, kafka, source } = options
  if (source !== 'kafka' || kafka === undefined) {
    return makeListedSource({ client, ...chooseEvents(options) })
  }
  const { status } = makeRevocationSource(makeGrpcClient(AuthService, channel, { deadlineMs }))
  return makeTopicSource({ kafka, status })
}

/**
 * Over Kafka each opening is a consumer group of its own, for every instance needs every event; over WatchEvents it begins with the oldest event
 * kept.
 */
function chooseEvents({
  channel,
  kafka,
  logger,
}: OpenUsersOptions): Pick<ListedSourceOptions, 'openEvents' | 'silenceMs'> {
  if (kafka === undefined) {
    const client = makeGrpcClient(EventService, channel)
    const position = { load: () => undefined, save: () => undefined }
    return {
      openEvents: (names, signal) => openWatchSource({ client, names, position, signal, logger }),
      silenceMs: watchSilenceMs,
    }
  }
  return {
    openEvents: (names, signal) =>
      openKafkaSource({
        kafka,
        group: `auth-users-${randomUUID()}`,
        names,
        from: new Date(systemClock.wallMs() - overlapMs),
        groupProtocol: 'classic',
        signal,
        logger,
      }),
    silenceMs: undefined,
  }
}

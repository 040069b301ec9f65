import {
  create,
  fromBinary,
  fromJsonString,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  toUserStateTopic,
  UserStateHeartbeatSchema,
  UserStateSchema,
  UserStatus,
  userStateHeartbeatKey,
  userStateRecords,
} from '@immersiverse/auth-contract'
import type { MessageToProduce } from '@platformatic/kafka'
import type { UserState } from '../store/user-states.ts'
import { findRefusal } from './find-refusal.ts'
import { type KafkaTopicsOptions, makeTopics } from './kafka-topics.ts'
import { openKafkaTransactions } from './kafka-transactions.ts'
import { readKafkaTail, type TailRecord } from './read-kafka-tail.ts'
import { toKafkaHeaders } from './to-kafka-headers.ts'
import { untilAborted } from './until-aborted.ts'
import type { LogReach, UserStateHeartbeat, UserStateSink } from './user-state-sink.ts'

/** What {@link openKafkaUserStateSink} needs. */
export interface KafkaUserStateSinkOptions extends Omit<KafkaTopicsOptions, 'retentionMs' | 'cleanup'> {
  readonly topicPrefix: string
  /** The CloudEvents source: the issuer. */
  readonly source: string
  readonly encoding: 'json' | 'protobuf'
  /** Makes a UUIDv7, the id of a record. */
  readonly newId: () => string
}

/** The count of all keyed topics: a user has one partition number everywhere. */
const partitionCount = 12

/** How long a tombstone is kept: a cache that was away for longer builds itself anew. */
const tombstoneMs = 7 * 86_400_000

/** So far back there is a heartbeat, or nobody ever got so far as to write one. */
const tailCount = 5000

/** Publishes users' states to the compacted topic, which it makes where it is not there. */
export function openKafkaUserStateSink(options: KafkaUserStateSinkOptions): UserStateSink {
  const topic = toUserStateTopic(options.topicPrefix)
  // One id for the lane: it is what a new leader takes from the old one.
  const transactions = openKafkaTransactions(options.connection, `${topic}-0`)
  const policy = { ...options, retentionMs: tombstoneMs, cleanup: 'compact' } as const
  return {
    async takeOver(signal) {
      await untilAborted(makeTopics([topic], partitionCount, policy), signal)
      await transactions.takeOver(signal)
    },
    async publish(states, epoch, signal) {
      const messages = states.map((state) => ({ topic, ...toStateRecord(state, epoch, options) }))
      try {
        await transactions.write(messages, signal)
      } catch (error) {
        throw findRefusal(error) ?? error
      }
    },
    async beat(heartbeat, signal) {
      const record = { topic, ...toHeartbeatRecord(heartbeat, options) }
      const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
      await transactions.write(
        partitions.map((partition) => ({ ...record, partition })),
        signal,
      )
    },
    async findLastHeartbeat(signal) {
      await untilAborted(makeTopics([topic], partitionCount, policy), signal)
      const place = { topic, partition: 0 }
      const records = await untilAborted(readKafkaTail(options.connection, place, tailCount), signal)
      const last = records.findLast(
        ({ headers }) => headers.get('ce_type') === userStateRecords.heartbeat.type,
      )
      return last && toLogReach(last)
    },
    close: () => transactions.close(),
  }
}

type KafkaRecord = Pick<MessageToProduce, 'key' | 'value' | 'headers'>

function toStateRecord(state: UserState, epoch: string, options: KafkaUserStateSinkOptions): KafkaRecord {
  const { userId, version, updatedAt } = state
  const attributes = {
    subject: userId,
    time: updatedAt.toISOString(),
    epoch,
    userversion: String(version),
  }
  const headers = toHeaders(userStateRecords.state, attributes, options)
  const key = Buffer.from(userId)
  const value = toStateBytes(state, options.encoding)
  // Without a value it is a tombstone: compaction drops the user.
  return value === undefined ? { key, headers } : { key, value, headers }
}

function toHeartbeatRecord(heartbeat: UserStateHeartbeat, options: KafkaUserStateSinkOptions): KafkaRecord {
  const { asOf, epoch, hi, intervalMs, term } = heartbeat
  const message = create(UserStateHeartbeatSchema, {
    epoch,
    term: BigInt(term),
    hi: BigInt(hi),
    asOf: timestampFromDate(asOf),
    intervalMs,
  })
  return {
    key: Buffer.from(userStateHeartbeatKey),
    value: Buffer.from(
      options.encoding === 'protobuf'
        ? toBinary(UserStateHeartbeatSchema, message)
        : toJsonString(UserStateHeartbeatSchema, message, { alwaysEmitImplicit: true }),
    ),
    headers: toHeaders(userStateRecords.heartbeat, { time: asOf.toISOString(), epoch }, options),
  }
}

function toHeaders(
  { schema, type }: (typeof userStateRecords)[keyof typeof userStateRecords],
  attributes: Readonly<Record<string, string>>,
  { encoding, newId, source }: KafkaUserStateSinkOptions,
): Map<Buffer, Buffer> {
  return toKafkaHeaders(`application/${encoding}`, {
    specversion: '1.0',
    id: newId(),
    source,
    ...attributes,
    type,
    dataschema: `urn:immersiverse:${schema.typeName}`,
  })
}

function toStateBytes(state: UserState, encoding: 'json' | 'protobuf'): Buffer | undefined {
  const init = toStateInit(state)
  if (init === undefined) return undefined
  const message = create(UserStateSchema, init)
  if (encoding === 'protobuf') return Buffer.from(toBinary(UserStateSchema, message))
  return Buffer.from(toJsonString(UserStateSchema, message, { alwaysEmitImplicit: true }))
}

function toStateInit({
  isWithheld = false,
  user,
  ...facts
}: UserState): MessageInitShape<typeof UserStateSchema> | undefined {
  if (user === undefined) return undefined
  if (isWithheld) return { userId: facts.userId, userVersion: BigInt(facts.version) }
  return {
    userId: facts.userId,
    userVersion: BigInt(facts.version),
    username: user.username,
    displayName: user.displayName,
    status: UserStatus[user.status],
    roles: [...user.roles],
    subscriptionTier: user.subscriptionTier,
    createdAt: timestampFromDate(user.createdAt),
    updatedAt: timestampFromDate(facts.updatedAt),
  }
}

/** The encoding may have been another one then. */
function toLogReach({ headers, value }: TailRecord): LogReach | undefined {
  if (value === null) return undefined
  const isJson = headers.get('content-type') === 'application/json'
  const { epoch, hi, term } = isJson
    ? fromJsonString(UserStateHeartbeatSchema, value.toString(), { ignoreUnknownFields: true })
    : fromBinary(UserStateHeartbeatSchema, new Uint8Array(value))
  return { epoch, hi: Number(hi), term: Number(term) }
}

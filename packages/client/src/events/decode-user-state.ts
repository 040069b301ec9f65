import { fromBinary, fromJson } from '@bufbuild/protobuf'
import { timestampDate } from '@bufbuild/protobuf/wkt'
import {
  UserStateHeartbeatSchema,
  UserStateSchema,
  UserStatus,
  userStateHeartbeatKey,
} from '@immersiverse/auth-contract'
import type { CachedUser } from '../users/cached-user.ts'
import type { PartitionRecord } from './partition-record.ts'

/** What a record on the topic of users says. A version is 0 where the record does not tell it. */
export type UserStateRecord =
  | { readonly kind: 'changed'; readonly epoch: string; readonly user: CachedUser }
  | { readonly kind: 'deleted'; readonly epoch: string; readonly userId: string; readonly version: bigint }
  /** There is something newer of this user, which does not stand here, or cannot be read. */
  | { readonly kind: 'unknown'; readonly epoch: string; readonly userId: string; readonly version: bigint }
  | { readonly kind: 'heartbeat'; readonly epoch: string; readonly term: bigint; readonly asOf: Date }

/** What a record says, JSON or protobuf by its content type; undefined for a heartbeat that cannot be read. Never throws. */
export function decodeUserState(record: PartitionRecord): UserStateRecord | undefined {
  const key = String(record.key)
  const epoch = findHeader(record, 'ce_epoch') ?? ''
  const toUnknown = () => ({ kind: 'unknown', epoch, userId: key, version: readVersion(record) }) as const
  try {
    if (key === userStateHeartbeatKey) return decodeHeartbeat(record)
    if (record.value === null) return { ...toUnknown(), kind: 'deleted' }
    const state = decode(UserStateSchema, record, record.value)
    // The broker refuses the whole of it: only its version is told.
    if (state.status === UserStatus.UNSPECIFIED || state.userId !== key) return toUnknown()
    const { userVersion: version, username, displayName, status, roles, subscriptionTier } = state
    const user = { id: key, username, displayName, status, roles, subscriptionTier, version }
    return { kind: 'changed', epoch, user }
  } catch {
    return key === userStateHeartbeatKey ? undefined : toUnknown()
  }
}

function decodeHeartbeat(record: PartitionRecord): UserStateRecord | undefined {
  if (record.value === null) return undefined
  const { asOf, epoch, term } = decode(UserStateHeartbeatSchema, record, record.value)
  return asOf && { kind: 'heartbeat', epoch, term, asOf: timestampDate(asOf) }
}

function readVersion(record: PartitionRecord): bigint {
  const text = findHeader(record, 'ce_userversion') ?? ''
  return /^\d{1,18}$/.test(text) ? BigInt(text) : 0n
}

type Schema = typeof UserStateSchema | typeof UserStateHeartbeatSchema

function decode<S extends Schema>(schema: S, record: PartitionRecord, value: Buffer) {
  if (findHeader(record, 'content-type') === 'application/protobuf') return fromBinary(schema, value)
  // Nobody here asks for a user's times, and in JSON they cost a third of reading it.
  const { createdAt, updatedAt, ...json } = JSON.parse(value.toString('utf8'))
  return fromJson(schema, json, { ignoreUnknownFields: true })
}

function findHeader({ headers }: PartitionRecord, name: string): string | undefined {
  for (const [key, value] of headers) {
    if (key !== null && key.length === name.length && key.toString('latin1') === name)
      return value?.toString()
  }
  return undefined
}

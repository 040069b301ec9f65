import { create, toJsonString } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import { UserStateHeartbeatSchema, UserStateSchema, UserStatus } from '@immersiverse/auth-contract'
import type { PartitionRecord } from '../../events/partition-record.ts'

/** The id of a test's nth user. */
export const toId = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`

/** A record of the topic of users, at offset 0. */
export function makeStateRecord(
  key: string,
  value: string | null,
  version: number,
  epoch: string,
): PartitionRecord {
  const headers = { 'content-type': 'application/json', ce_epoch: epoch, ce_userversion: String(version) }
  return {
    offset: 0n,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]),
  }
}

/** The nth user at a version. */
export function makeState(n: number, version: number, { epoch = 'e2', status = UserStatus.ACTIVE } = {}) {
  const names = { username: `u${n}`, displayName: `name ${version}` }
  const state = create(UserStateSchema, { userId: toId(n), userVersion: BigInt(version), status, ...names })
  return makeStateRecord(toId(n), toJsonString(UserStateSchema, state), version, epoch)
}

/** A heartbeat that speaks of that moment. */
export function makeBeat(asOf: Date, { epoch = 'e2', term = 1 } = {}): PartitionRecord {
  const beat = create(UserStateHeartbeatSchema, {
    epoch,
    term: BigInt(term),
    asOf: timestampFromDate(asOf),
  })
  return makeStateRecord('heartbeat', toJsonString(UserStateHeartbeatSchema, beat), 0, epoch)
}

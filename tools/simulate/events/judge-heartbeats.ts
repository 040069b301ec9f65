import type { UserStateHeartbeat } from '../../../services/auth/src/events/user-state-sink.ts'
import type { WatchedRevocation } from '../../../services/auth/src/events/watch-revocations.ts'
import type { UserState } from '../../../services/auth/src/store/user-states.ts'
import type { BrokerRecord } from './broker.ts'
import type { EventWorld } from './event-world.ts'
import { revocationTopic, stateTopic, toPartition } from './topics.ts'

interface Beat {
  readonly epoch: string
  /** Undefined where a variant leaves it out. */
  readonly term: number | undefined
  readonly asOf: Date
}

/** Tells which heartbeats a reader believes: none of an older term than it has seen. */
function makeReader(): (beat: Beat) => boolean {
  let epoch = ''
  let term = 0
  return (beat) => {
    if (beat.epoch !== epoch) {
      epoch = beat.epoch
      term = 0
    }
    if (beat.term === undefined) return true
    if (beat.term < term) return false
    term = beat.term
    return true
  }
}

/** The compacted topic (protocols.md §1.7): a user never goes back, his last record is the last of him; and O8. */
export function judgeStates(world: EventWorld): void {
  for (const log of world.broker.partitions(stateTopic)) judgeStateLog(world, log)
  if (world.broker.partitions(stateTopic).length === 0) return
  const last = new Map<string, UserState>()
  for (const { state, value } of world.broker.partitions(stateTopic).flat()) {
    const known = (value as { readonly state?: UserState }).state
    if (state === 'COMMITTED' && known !== undefined) last.set(known.userId, known)
  }
  for (const row of world.model.truth.rows('users')) {
    const known = last.get(String(row.id))
    const isDeleted = row.status === 'DELETED'
    const isRight = known?.version === row.version && (known?.user === undefined) === isDeleted
    if (!isRight) {
      world.history.violate('STATE', `${row.id} ends as ${known?.version}, the database has ${row.version}`)
    }
  }
}

function judgeStateLog(world: EventWorld, log: readonly BrokerRecord[]): void {
  const { history } = world
  const versions = new Map<string, { readonly epoch: string; readonly version: number }>()
  const isBelieved = makeReader()
  for (const { partition, state: visible, value } of log) {
    if (visible !== 'COMMITTED') continue
    const { epoch, heartbeat, state } = value as {
      readonly epoch: string
      readonly heartbeat?: UserStateHeartbeat
      readonly state?: UserState
    }
    if (state !== undefined) {
      const before = versions.get(state.userId)
      if (before?.epoch === epoch && state.version < before.version) {
        history.violate('STATE', `${state.userId} goes back from ${before.version} to ${state.version}`)
      }
      versions.set(state.userId, { epoch, version: state.version })
    }
    if (heartbeat === undefined || !isBelieved(heartbeat)) continue
    for (const write of listAcknowledged(world, heartbeat.asOf)) {
      if (write.version === undefined || toPartition(write.userId) !== partition) continue
      const known = versions.get(write.userId)?.version ?? 0
      if (known >= write.version) continue
      history.violate('O8', `#${write.id} was done before ${heartbeat.asOf.toISOString()}, its state is not`)
    }
  }
}

/** The topic of revocations: its numbers without gaps, and O8. */
export function judgeRevocations(world: EventWorld): void {
  const { broker, history } = world
  const epochs = findEpochs(world)
  const seen = new Set<string>()
  const lastByEpoch = new Map<string, number>()
  const isBelieved = makeReader()
  for (const { value } of broker.partitions(revocationTopic).flat()) {
    const { heartbeat, revocation } = value as WatchedRevocation
    // By its epoch, too: what a failover has made unnumbered gets a number of the new epoch, and the old one may arrive all the same.
    if (revocation !== undefined && !seen.has(toKey(revocation.epoch, revocation.eventId))) {
      const { epoch, eventId, rseq = 0 } = revocation
      seen.add(toKey(epoch, eventId))
      const before = lastByEpoch.get(epoch)
      if (before !== undefined && rseq !== before + 1) {
        history.violate('O4', `revocation ${rseq} comes behind ${before}`)
      }
      lastByEpoch.set(epoch, rseq)
    }
    if (heartbeat === undefined || !isBelieved(heartbeat)) continue
    for (const { id, revoked } of listAcknowledged(world, heartbeat.asOf)) {
      // A reader begins an epoch with a snapshot, which has what was numbered before.
      const own = revoked.filter((one) => epochs.get(one) === heartbeat.epoch)
      if (own.every((one) => seen.has(toKey(heartbeat.epoch, one)))) continue
      history.violate(
        'O8',
        `#${id} was done before ${heartbeat.asOf.toISOString()}, its revocation is not there`,
      )
    }
  }
}

function toKey(epoch: string, revocation: string): string {
  return `${epoch}/${revocation}`
}

/** In which epoch each revocation got its number, by its id. */
function findEpochs({ model }: EventWorld): Map<string, unknown> {
  const epochs = new Map<string, unknown>()
  for (const { changes } of model.truth.commits) {
    for (const { after, table } of changes) {
      if (table === 'revocations' && after?.rseq != null) epochs.set(String(after.id), after.epoch)
    }
  }
  return epochs
}

/** Writes whose callers heard of them before an instant of the database's clock; none where commits were lost. */
function listAcknowledged({ history }: EventWorld, asOf: Date) {
  if (history.lostCommits > 0) return []
  return history.writes.filter(
    ({ acknowledgedAt }) => acknowledgedAt !== undefined && acknowledgedAt < asOf.getTime(),
  )
}

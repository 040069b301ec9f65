import type { NumberedEvent } from '../../../services/auth/src/store/outbox.ts'
import type { ModelCommit } from '../model-database/model-database.ts'
import type { EventWorld } from './event-world.ts'
import { findCommitted, listRecords } from './judge-events.ts'
import { revocationTopic, stateTopic } from './topics.ts'

/** How long after the last fault everything has arrived at the latest: the longest pause between attempts, and a take-over before it (O11). */
export const drainsWithinMs = 15_000

const lookEveryMs = 250
/** A key that is refused delays no other by more: several rounds of a slow database. */
const othersWithinMs = 2000

/** Lets time pass until everything that was committed stands in its topic, and heartbeats say so; a violation where that takes too long. */
export async function awaitDrained(world: EventWorld): Promise<void> {
  const { history, model, time } = world
  const healedAt = model.clock.nowMs()
  const untilMs = time.nowMs + drainsWithinMs
  while (time.nowMs < untilMs) {
    await time.run(time.nowMs + lookEveryMs)
    if (listMissing(world, healedAt).length === 0) return
  }
  history.violate(
    'O11',
    `${drainsWithinMs} ms after the last fault: ${listMissing(world, healedAt).join(', ')}`,
  )
}

function listMissing(world: EventWorld, healedAt: number): string[] {
  const { truth } = world.model
  // Some who write are slow.
  const lastAt = truth.commits.findLast(isWrite)?.databaseMs ?? 0
  const waiting = truth.rows('outbox').filter((row) => row.published_at === null).length
  const unnumbered = truth.rows('revocations').filter((row) => row.rseq === null).length
  return [
    ...(waiting > 0 ? [`${waiting} events wait`] : []),
    ...(unnumbered > 0 ? [`${unnumbered} revocations wait`] : []),
    ...[stateTopic, revocationTopic].filter((topic) => !hasBeaten(world, topic, Math.max(healedAt, lastAt))),
  ]
}

function isWrite({ changes }: ModelCommit): boolean {
  return changes.some(
    ({ before, table }) => before === undefined && (table === 'outbox' || table === 'revocations'),
  )
}

function hasBeaten({ broker }: EventWorld, topic: string, afterMs: number): boolean {
  const logs = broker.partitions(topic)
  return (
    logs.length > 0 &&
    logs.every((log) =>
      log.some(({ state, value }) => {
        const { heartbeat } = value as { readonly heartbeat?: { readonly asOf: Date } }
        return state === 'COMMITTED' && heartbeat !== undefined && heartbeat.asOf.getTime() > afterMs
      }),
    )
  )
}

/** O10, in a world whose only fault is a key that is refused: what others had to tell was told meanwhile. */
export function judgeParking(world: EventWorld): void {
  const { history } = world
  const [refusal] = history.refusals
  if (refusal === undefined || history.faults.some(({ isRefusal }) => !isRefusal)) return
  const firstMs = new Map<string, number>()
  for (const { atMs, value } of listRecords(world).flat()) {
    const { id } = value as NumberedEvent
    firstMs.set(id, Math.min(atMs, firstMs.get(id) ?? atMs))
  }
  for (const [id, { atMs, row }] of findCommitted(world)) {
    const isOther =
      row.key !== refusal.key && atMs >= refusal.fromMs && atMs < refusal.untilMs - othersWithinMs
    const lateMs = (firstMs.get(id) ?? Number.POSITIVE_INFINITY) - atMs
    if (isOther && lateMs > othersWithinMs) {
      history.violate(
        'O10',
        `${row.event} of ${row.key} waited ${lateMs} ms behind the parked ${refusal.key}`,
      )
    }
  }
}

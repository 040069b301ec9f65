import type { World } from '../world/world.ts'
import { type FamilyEnd, findLinearization } from './find-linearization.ts'
import type { Operation, SessionRecord } from './records.ts'

const endingKinds = new Set<Operation['kind']>(['suspend', 'delete', 'logoutAll', 'changePassword'])

/**
 * Holds the history of every refresh family against what one register with the rules of protocols.md §3 could have answered, in some order
 * that agrees with time (T2 to T6, T8, T10, T12), and with how the family stands in the database. Families that have lost commits are left
 * out: their database has forgotten what it has answered.
 */
export function checkFamilies(world: World): void {
  const { history, model, settings } = world
  if (history.epochs.some(({ lostCommits }) => lostCommits > 0)) return
  const thefts = model.truth.rows('outbox').filter(({ event }) => event === 'refresh_token_reused')
  const rows = new Map(model.truth.rows('sessions').map((row) => [row.id, row]))
  for (const session of history.sessions.values()) {
    const row = rows.get(session.id)
    const told = thefts.filter(({ data }) => Buffer.from(data as Uint8Array).includes(session.id)).length
    const end: FamilyEnd = {
      generation: Number(row?.generation),
      isEnded: row?.ended_at !== null && row?.ended_at !== undefined,
      thefts: told,
    }
    if (told > 1) history.violate('T8', `session ${session.id.slice(-4)}: ${told} thefts are told`)
    const operations = listOperations(session, history.getUser(session.userId).operations)
    const order = findLinearization(operations, end, settings.service)
    if (order === undefined) {
      history.violate(
        'T12',
        `session ${session.id.slice(-4)} ends ${JSON.stringify(end)}, but ${tell(operations)}`,
      )
    }
  }
}

/** What has to do with the session, in the order of its beginning. */
function listOperations(session: SessionRecord, ofUser: readonly Operation[]): Operation[] {
  const ending = ofUser.filter(
    (one) =>
      endingKinds.has(one.kind) &&
      one.outcome !== 'INVALID' &&
      one.keep !== session.id &&
      one.endMs >= session.openedBy.startMs,
  )
  const own = session.operations.filter(
    ({ kind, outcome }) => kind === 'refresh' || kind === 'login' || outcome !== 'INVALID',
  )
  return [...own, ...ending].sort((a, b) => a.startMs - b.startMs)
}

function tell(operations: readonly Operation[]): string {
  return operations
    .map(({ endMs, given, id, kind, outcome, presented, startMs }) => {
      const tokens = presented === undefined ? '' : ` ${presented.generation}→${given?.generation ?? '-'}`
      return `#${id} ${kind}${tokens} ${outcome} ${startMs.toFixed(0)}–${endMs.toFixed(0)}`
    })
    .join(', ')
}

import type { Committed, CommittedEvent } from './committed.ts'
import type { EventViolation } from './event-violation.ts'

const userChanges = new Set(['user_created', 'user_updated', 'user_deleted'])

/**
 * Compares users and sessions with the events of the same database: whatever changed has its event, and the other way round (O1). A user's
 * version is the number of its changes, its sequence the number of its events; a session is a login. Pure.
 */
export function judgeState({ users, sessionIds, events }: Committed): EventViolation[] {
  const violations: EventViolation[] = []
  const violate = (told: string, event?: CommittedEvent) =>
    violations.push({ property: 'O1', told, atMs: event?.occurredAt.getTime() })
  const byUser = Map.groupBy(
    events.filter(({ userSequence }) => userSequence !== undefined),
    ({ key }) => key,
  )
  for (const { id, version, sequence, isDeleted } of users) {
    const own = byUser.get(id) ?? []
    byUser.delete(id)
    const changes = own.filter(({ event }) => userChanges.has(event)).length
    const count = (name: string) => own.filter(({ event }) => event === name).length
    const last = own.at(-1)
    if (count('user_created') !== 1) violate(`user ${id} has ${count('user_created')} user_created`, last)
    if (count('user_deleted') !== Number(isDeleted))
      violate(
        `user ${id} is ${isDeleted ? '' : 'not '}deleted and has ${count('user_deleted')} user_deleted`,
        last,
      )
    if (changes !== version)
      violate(`user ${id} has version ${version} and ${changes} events of changes`, last)
    if (own.length !== sequence) violate(`user ${id} has sequence ${sequence} and ${own.length} events`, last)
  }
  for (const [id, own] of byUser) violate(`user ${id} is not there and has ${own.length} events`, own[0])
  const opened = new Set(sessionIds)
  const told = new Map(
    events.filter(({ event }) => event === 'login_succeeded').map((event) => [toSessionId(event), event]),
  )
  for (const id of opened) if (!told.has(id)) violate(`session ${id} has no login_succeeded`)
  for (const [id, event] of told)
    if (!opened.has(id)) violate(`login_succeeded ${event.id} has no session ${id}`, event)
  return violations
}

function toSessionId({ data }: CommittedEvent): string {
  return String((JSON.parse(data) as { sessionId?: unknown }).sessionId)
}

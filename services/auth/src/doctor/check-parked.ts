import type { Database } from '../store/database.ts'
import { listParkedKeys, type ParkedKey } from '../store/parked-keys.ts'
import { readUserStates } from '../store/user-states.ts'
import type { Finding } from './finding.ts'

const check = 'parked keys'
/** Named at most; `authctl events parked` has all. */
const namedMax = 3
const uuid = /^[0-9a-f-]{36}$/

/** Looks for keys that are parked because the broker refuses a record of theirs for good. */
export async function checkParked(database: Pick<Database, 'kysely'>): Promise<Finding[]> {
  const { kysely } = database
  const [events, states] = [await listParkedKeys(kysely, 'EVENTS'), await listParkedKeys(kysely, 'STATES')]
  if (events.length + states.length === 0) return [{ check, severity: 'ok', what: 'none' }]
  const findings: Finding[] = []
  const cure =
    "mend what the broker says no to, such as the topic's max.message.bytes, then: authctl events retry"
  if (events.length > 0) {
    const deleted = await countDeleted(database, events)
    const what = `the events of ${toText(events)} wait${deleted > 0 ? `; ${deleted} of them deleted, whose personal data stay until then` : ''}`
    findings.push({ check, severity: 'error', what, remedy: cure })
  }
  if (states.length > 0) {
    const what = `the states of ${toText(states)} are withheld: services ask GetUser for them`
    findings.push({ check, severity: 'warning', what, remedy: cure })
  }
  return findings
}

async function countDeleted(
  { kysely }: Pick<Database, 'kysely'>,
  keys: readonly ParkedKey[],
): Promise<number> {
  // Events without a user have another key.
  const users = keys.map(({ key }) => key).filter((key) => uuid.test(key))
  return (await readUserStates(kysely, users)).filter(({ user }) => user === undefined).length
}

function toText(keys: readonly ParkedKey[]): string {
  const named = keys.slice(0, namedMax).map(({ key, reason }) => `${key} (${reason})`)
  const more = keys.length > namedMax ? ' …' : ''
  return `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}: ${named.join(', ')}${more}`
}

import type { Database } from '../store/database.ts'
import { listLookalikes } from '../store/list-lookalikes.ts'
import type { Finding } from './finding.ts'

const check = 'usernames'
/** Named at most. */
const namedMax = 5

/** Looks for usernames from before lookalikes were refused that could be taken for another's. */
export async function checkUsernames({ kysely }: Pick<Database, 'kysely'>): Promise<Finding[]> {
  const found = await listLookalikes(kysely, namedMax + 1)
  if (found.length === 0) return [{ check, severity: 'ok', what: 'none looks like another' }]
  const more = found.length > namedMax ? ' …' : ''
  const what = `from before lookalikes were refused: ${found.slice(0, namedMax).join(', ')}${more}`
  return [{ check, severity: 'note', what }]
}

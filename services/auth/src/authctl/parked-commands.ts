import type { Command } from 'commander'
import { listParkedKeys } from '../use-cases/list-parked-keys.ts'
import { retryParkedKeys } from '../use-cases/retry-parked-keys.ts'
import type { ToAction, Work } from './answer.ts'
import { toInstant } from './to-instant.ts'
import { toTable } from './to-table.ts'

/** Adds `parked` and `retry` to the commands of events. */
export function addParkedCommands(events: Command, toAction: ToAction): void {
  events
    .command('parked')
    .description(
      'keys whose events wait, or whose state is withheld, because the broker refuses a record for good',
    )
    .action(toAction(list))
  events
    .command('retry')
    .description('have the relay try parked keys again at once; all of them, or one')
    .option('--key <key>', 'only this one, such as the id of a user')
    .action(toAction(retry))
}

const list: Work = async ({ deps }) => {
  const parked = await listParkedKeys(deps)
  const rows = parked.map(({ attempts, key, kind, parkedAt, reason, retryAt }) => ({
    key,
    what: kind === 'EVENTS' ? 'events wait' : 'state withheld',
    because: reason,
    since: toInstant(parkedAt),
    attempts: String(attempts),
    'next try': toInstant(retryAt),
  }))
  return { text: toTable(rows, 'no key is parked'), data: parked }
}

const retry: Work = async ({ deps, caller }, _args, { key }) => {
  const count = await retryParkedKeys(deps, caller, typeof key === 'string' ? { key } : {})
  const text = count === 0 ? 'nothing is parked' : `${count} will be tried within a second`
  return { text, data: { count } }
}

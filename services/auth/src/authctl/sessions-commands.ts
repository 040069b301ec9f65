import type { Command } from 'commander'
import { listSessions } from '../use-cases/list-sessions.ts'
import { revokeAnySession } from '../use-cases/revoke-any-session.ts'
import type { ToAction, Work } from './answer.ts'
import { getNamedUser } from './get-named-user.ts'
import { toInstant } from './to-instant.ts'
import { toTable } from './to-table.ts'

/** Adds `sessions list|end`. */
export function addSessionsCommands(program: Command, toAction: ToAction): void {
  const sessions = program.command('sessions').description('where people are logged in')
  sessions
    .command('list')
    .description('live sessions of a user, last used first')
    .argument('<user>', 'id, username or e-mail')
    .action(toAction(list))
  sessions
    .command('end')
    .description('end a session with its tokens')
    .argument('<session>', 'the id of the session')
    .option('--yes', 'do not ask')
    .action(toAction(end, ([id]) => `The session ${id} ends.`))
}

const list: Work = async (at, [name = '']) => {
  const { id: userId } = await getNamedUser(at, name)
  const sessions = await listSessions(at.deps, at.caller, { userId })
  const rows = sessions.map((session) => ({
    session: session.id,
    client: session.clientId || '-',
    device: session.deviceName || '-',
    'logged in': toInstant(session.createdAt),
    'last used': toInstant(session.lastUsedAt),
    from: session.lastIp || '-',
  }))
  return { text: toTable(rows, 'no live sessions'), data: sessions }
}

const end: Work = async ({ deps, caller }, [sessionId = '']) => {
  const mark = await revokeAnySession(deps, caller, { sessionId })
  const text =
    mark.entries.length > 0
      ? `session ${sessionId} has ended`
      : `nothing changed: session ${sessionId} had ended before`
  return { text, data: mark }
}

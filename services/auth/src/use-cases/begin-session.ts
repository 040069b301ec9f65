import type { Transaction } from 'kysely'
import type { Deps } from '../deps.ts'
import type { Origin } from '../domain/caller.ts'
import type { SessionId } from '../domain/ids.ts'
import type { ClientInfo } from '../domain/session.ts'
import type { Account } from '../domain/user.ts'
import type { Schema } from '../store/schema.ts'
import { insertSession } from '../store/sessions.ts'
import { noteLogin } from '../store/users.ts'
import type { Announce } from '../store/write.ts'
import type { Issued } from './issue-tokens.ts'

/** Where from, and with which program. */
export interface LoginFacts {
  readonly origin: Origin
  readonly client: ClientInfo
}

/** Opens a session for a locked user who may have one, and announces `login_succeeded`. */
export async function beginSession(
  deps: Pick<Deps, 'newId' | 'refreshTokens' | 'settings'>,
  { trx, announce }: { readonly trx: Transaction<Schema>; readonly announce: Announce },
  account: Account,
  { origin, client }: LoginFacts,
): Promise<Issued> {
  const sessionId = deps.newId() as SessionId
  const refresh = deps.refreshTokens.make({ userId: account.id, sessionId, generation: 1 })
  const session = { id: sessionId, userId: account.id, client, origin }
  const { refreshIdleMs: idleMs, refreshMaxMs: maxMs } = deps.settings
  const issue = await insertSession(trx, session, refresh.secret, { idleMs, maxMs })
  await noteLogin(trx, account.id, issue.issuedAt)
  await announce({
    name: 'login_succeeded',
    userId: account.id,
    data: {
      userId: account.id,
      userVersion: BigInt(account.version),
      sessionId,
      clientId: client.clientId,
      ip: origin.ip,
      userAgent: origin.userAgent,
    },
  })
  return { account, sessionId, clientId: client.clientId, refreshToken: refresh.token, issue }
}

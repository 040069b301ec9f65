import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { SessionId } from '../domain/ids.ts'
import type { ClientInfo } from '../domain/session.ts'
import type { Account } from '../domain/user.ts'
import { insertSession } from '../store/sessions.ts'
import { noteLogin } from '../store/users.ts'
import type { Writing } from '../store/write.ts'
import { toAuditedSession } from './audited.ts'
import type { Issued } from './issue-tokens.ts'

/** By whom, where from, and with which program. */
export interface LoginFacts {
  readonly caller: Caller
  readonly client: ClientInfo
}

/** Opens a session for a locked user who may have one, and announces `login_succeeded`. */
export async function beginSession(
  deps: Pick<Deps, 'newId' | 'refreshTokens' | 'settings'>,
  { trx, announce, record }: Writing,
  account: Account,
  { caller, client }: LoginFacts,
): Promise<Issued> {
  const { origin } = caller
  const sessionId = deps.newId() as SessionId
  const refresh = deps.refreshTokens.make({ userId: account.id, sessionId, generation: 1 })
  const session = { id: sessionId, userId: account.id, client, origin }
  const { refreshIdleMs: idleMs, refreshMaxMs: maxMs } = deps.settings
  const issue = await insertSession(trx, session, refresh.secret, { idleMs, maxMs })
  await noteLogin(trx, account.id, issue.issuedAt)
  const announced = announce({
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
  const audited = toAuditedSession(sessionId, account.id)
  // Sent together: one more row, not one more round trip.
  await Promise.all([
    announced,
    record(caller, { action: 'session.create', ...audited, onBehalfOf: account.id }),
  ])
  return { account, sessionId, clientId: client.clientId, refreshToken: refresh.token, issue }
}

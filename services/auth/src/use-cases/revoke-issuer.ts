import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { stopIssuing, waitOutSecond } from '../store/stop-issuing.ts'

/**
 * Refuses every access token that was issued up to now. Sessions go on: clients refresh. For up to a second nothing is issued, so that
 * every later token is told apart.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function revokeIssuer(
  deps: Pick<Deps, 'settings' | 'write'>,
  caller: Caller,
): Promise<RevocationMark> {
  return await deps.write(caller.origin, async (trx, _announce, revoke, record) => {
    const until = await stopIssuing(trx)
    const subject = deps.settings.issuer
    const mark = await revoke({ type: 'ISSUER', subject, until, reason: 'OPERATOR' })
    await record(caller, { action: 'issuer.revoke', target: { kind: 'issuer', id: subject } })
    await waitOutSecond(trx, until)
    return mark
  })
}

import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { invalidField } from '../domain/errors.ts'
import { isUuid } from '../domain/ids.ts'
import type { RevocationMark } from '../domain/revocation.ts'

/**
 * Refuses one access token, by its `jti`, until it has expired. Its session goes on.
 * @throws AuthError INVALID_FIELD, DATABASE_UNAVAILABLE.
 */
export async function revokeToken(
  deps: Pick<Deps, 'write'>,
  caller: Caller,
  { tokenId }: { readonly tokenId: string },
): Promise<RevocationMark> {
  if (!isUuid(tokenId)) throw invalidField('token_id', 'must be the jti of an access token, a UUID')
  return await deps.write(caller.origin, async (_trx, _announce, revoke, record) => {
    const id = tokenId.toLowerCase()
    await record(caller, { action: 'token.revoke', target: { kind: 'token', id } })
    return await revoke({ type: 'TOKEN', subject: id, reason: 'OPERATOR' })
  })
}

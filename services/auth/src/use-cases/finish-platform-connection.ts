import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { PlatformAccount } from '../domain/platform-account.ts'
import { takeFlow } from './begun-flow.ts'
import { assertRedirect, type RedirectInput, saveConnection } from './connect-platform-account.ts'
import { requirePlatform } from './require-platform.ts'
import { withPlatformRefusals } from './to-platform-refusal.ts'

type FinishDeps = Parameters<typeof saveConnection>[0]

/**
 * Finishes a connection for the edge's own callback page: the state says whose it is. The page has seen to it that the browser is the one that began.
 * @throws AuthError as connectPlatformAccount.
 */
export async function finishPlatformConnection(
  deps: FinishDeps,
  caller: Caller,
  input: RedirectInput & { readonly refused: boolean },
): Promise<{ readonly account: PlatformAccount; readonly title: string }> {
  if (!input.refused) assertRedirect(input)
  const lookup = { purpose: 'CONNECT', redirectUri: deps.settings.platforms.callbackUri } as const
  const { flow, platform: name, userId } = await takeFlow(deps, input.state, lookup)
  if (input.refused || userId === undefined) throw new AuthError('PLATFORM_REFUSED')
  const platform = requirePlatform(deps, name)
  const redirect = { code: input.authCode, iss: input.iss }
  const grant = await withPlatformRefusals(() => platform.exchange(flow, redirect))
  const account = await saveConnection(deps, userId, { platform, grant, caller })
  return { account, title: platform.facts.title }
}

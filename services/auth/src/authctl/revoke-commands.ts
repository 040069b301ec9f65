import type { Command } from 'commander'
import type { RevocationMark } from '../domain/revocation.ts'
import { revokeAnySession } from '../use-cases/revoke-any-session.ts'
import { revokeIssuer } from '../use-cases/revoke-issuer.ts'
import { revokeToken } from '../use-cases/revoke-token.ts'
import { revokeUser } from '../use-cases/revoke-user.ts'
import { type Answer, CommandError, type ToAction, type Work } from './answer.ts'
import { getNamedUser } from './get-named-user.ts'

/** Adds `revoke token|session|user|issuer`. */
export function addRevokeCommands(program: Command, toAction: ToAction): void {
  const revoke = program
    .command('revoke')
    .description('refuse tokens everywhere, at once; nothing is ever un-revoked')
  const add = (name: string, argument: string, description: string, work: Work, question: string) =>
    revoke
      .command(name)
      .description(description)
      .argument(argument)
      .option('--yes', 'do not ask')
      .action(toAction(work, ([subject]) => question.replace('%', subject ?? '')))
  add('token', '<jti>', 'one access token, by its jti', token, 'The access token % is refused from now on.')
  add('session', '<session>', 'a session with its tokens', session, 'The session % ends.')
  add(
    'user',
    '<user>',
    'all tokens and sessions of a user (id, username or e-mail)',
    user,
    'All sessions of % end, and all access tokens are refused.',
  )
  add(
    'issuer',
    '<issuer>',
    'every access token issued up to now; sessions go on, clients refresh',
    issuer,
    'Every access token that % has issued is refused from now on, of all users.',
  )
}

const token: Work = async ({ deps, caller }, [tokenId = '']) =>
  toAnswer(await revokeToken(deps, caller, { tokenId }), `access token ${tokenId}`)

const session: Work = async ({ deps, caller }, [sessionId = '']) =>
  toAnswer(await revokeAnySession(deps, caller, { sessionId }), `session ${sessionId}`)

const user: Work = async (at, [name = '']) => {
  const { id: userId, username } = await getNamedUser(at, name)
  return toAnswer(
    await revokeUser(at.deps, at.caller, { userId }),
    `everything of user ${username} (${userId})`,
  )
}

const issuer: Work = async ({ deps, caller }, [subject = '']) => {
  const { issuer: own } = deps.settings
  if (subject !== own)
    throw new CommandError(`this service issues as ${own} (AUTH_ISSUER), not as ${subject}`)
  return toAnswer(await revokeIssuer(deps, caller), `everything that ${subject} has issued`)
}

/** The entries for machines; for people whether something was revoked that had not been. */
function toAnswer(mark: RevocationMark, what: string): Answer {
  const text = mark.entries.length > 0 ? `${what} is revoked` : `nothing changed: ${what} had ended before`
  return { text, data: mark }
}

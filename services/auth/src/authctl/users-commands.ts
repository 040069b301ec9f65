import type { Command } from 'commander'
import type { User } from '../domain/user.ts'
import { updateUser } from '../use-cases/update-user.ts'
import type { ToAction, Work } from './answer.ts'
import { getNamedUser } from './get-named-user.ts'
import { toInstant } from './to-instant.ts'

/** Adds `users get|suspend|activate`. */
export function addUsersCommands(program: Command, toAction: ToAction): void {
  const users = program.command('users').description('accounts')
  const add = (name: string, description: string) =>
    users.command(name).description(description).argument('<user>', 'id, username or e-mail')
  add('get', 'what is known of a user').action(toAction(get))
  add('suspend', 'let a user do nothing: sessions end, tokens are refused')
    .option('--yes', 'do not ask')
    .action(toAction(suspend, ([name]) => `${name} is suspended: all sessions end.`))
  add('activate', 'let a suspended user log in again').action(toAction(activate))
}

const get: Work = async (at, [name = '']) => {
  const user = toFacts(await getNamedUser(at, name))
  const lines = Object.entries(user).map(([field, value]) => `${field.padEnd(18)}${toText(value)}`)
  return { text: lines.join('\n'), data: user }
}

const suspend: Work = async (at, [name = '']) => await setStatus(at, name, 'SUSPENDED')
const activate: Work = async (at, [name = '']) => await setStatus(at, name, 'ACTIVE')

async function setStatus(at: Parameters<Work>[0], name: string, status: User['status']): ReturnType<Work> {
  const { id: userId, status: before } = await getNamedUser(at, name)
  const input = { userId, changes: { status }, expectedVersion: 0 }
  const { user, revocation } = await updateUser(at.deps, at.caller, input)
  const who = `user ${user.username} (${user.id})`
  const text = before === status ? `nothing changed: ${who} is ${status}` : `${who} is ${status} now`
  return { text, data: { user: toFacts(user), revocation } }
}

/** Never what the service alone knows, such as a password's hash. */
function toFacts(user: User): User {
  const { id, username, email, displayName, status, roles, subscriptionTier } = user
  const { createdAt, updatedAt, lastLoginAt, version } = user
  const names = { id, username, email, displayName, status, roles, subscriptionTier }
  return { ...names, createdAt, updatedAt, lastLoginAt, version }
}

function toText(value: User[keyof User]): string {
  if (value instanceof Date) return toInstant(value)
  return (Array.isArray(value) ? value.join(', ') : String(value ?? '')) || '-'
}

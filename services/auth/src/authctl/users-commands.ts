import type { Command } from 'commander'
import { toDuration } from '../doctor/to-duration.ts'
import type { LimitState } from '../domain/limit.ts'
import type { User } from '../domain/user.ts'
import { listFailures } from '../use-cases/list-failures.ts'
import { unlockUser } from '../use-cases/unlock-user.ts'
import { updateUser } from '../use-cases/update-user.ts'
import type { ToAction, Work } from './answer.ts'
import { getNamedUser } from './get-named-user.ts'
import { toInstant } from './to-instant.ts'
import { toTable } from './to-table.ts'

/** Adds `users get|suspend|activate|limits|unlock`. */
export function addUsersCommands(program: Command, toAction: ToAction): void {
  const users = program.command('users').description('accounts')
  const add = (name: string, description: string) =>
    users.command(name).description(description).argument('<user>', 'id, username or e-mail')
  add('get', 'what is known of a user').action(toAction(get))
  add('suspend', 'let a user do nothing: sessions end, tokens are refused')
    .option('--yes', 'do not ask')
    .action(toAction(suspend, ([name]) => `${name} is suspended: all sessions end.`))
  add('activate', 'let a suspended user log in again').action(toAction(activate))
  add('limits', 'which failures are counted of a user').action(toAction(limits))
  add('unlock', 'forget them: let the user log in from anywhere').action(toAction(unlock))
}

const get: Work = async (at, [name = '']) => {
  const user = toFacts(await getNamedUser(at, name))
  const lines = Object.entries(user).map(([field, value]) => `${field.padEnd(18)}${toText(value)}`)
  return { text: lines.join('\n'), data: user }
}

const suspend: Work = async (at, [name = '']) => await setStatus(at, name, 'SUSPENDED')
const activate: Work = async (at, [name = '']) => await setStatus(at, name, 'ACTIVE')

const limits: Work = async (at, [name = '']) => {
  const states = await listFailures(at.deps, at.caller, await getNamedUser(at, name))
  return { text: toTable(states.map(toRow), 'nothing is counted'), data: states }
}

const unlock: Work = async (at, [name = '']) => {
  const user = await getNamedUser(at, name)
  const before = await unlockUser(at.deps, at.caller, user)
  const who = `user ${user.username} (${user.id})`
  const text =
    before.length === 0 ? `nothing changed: nothing was counted of ${who}` : `${who} may log in again`
  return { text, data: before }
}

function toRow({ limit, count, allowed, remainingMs }: LimitState) {
  return { limit, failures: `${count} of ${allowed}`, 'ends in': toDuration(remainingMs) }
}

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

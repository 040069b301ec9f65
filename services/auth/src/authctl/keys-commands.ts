import type { Command } from 'commander'
import { type KeyFacts, listKeys } from '../use-cases/list-keys.ts'
import { reencrypt } from '../use-cases/reencrypt.ts'
import { revokeKey } from '../use-cases/revoke-key.ts'
import { rotateKeys } from '../use-cases/rotate-keys.ts'
import { CommandError, type ToAction, UsageError, type Work } from './answer.ts'
import { toInstant } from './to-instant.ts'
import { toTable } from './to-table.ts'

/** Adds `keys list|rotate|revoke|reencrypt`. */
export function addKeysCommands(program: Command, toAction: ToAction): void {
  const keys = program.command('keys').description('the keys behind tokens')
  keys.command('list').description('keys, oldest first, and where they stand').action(toAction(list))
  keys
    .command('rotate')
    .description('plan a successor: known at once, in use when everybody has had the time to read it')
    .option('--now', 'in use at once; services that do not know it yet ask ValidateToken', false)
    .option('--purpose <purpose>', 'signing (access tokens) or refresh (refresh tokens)', 'signing')
    .action(toAction(rotate))
  keys
    .command('reencrypt')
    .description('seal anew, under the first key of AUTH_MASTER_KEY, what another of its keys has sealed')
    .action(toAction(reencryptAll))
  keys
    .command('revoke')
    .description('refuse everything that a signing key has signed, for ever; another signs at once')
    .argument('<kid>', 'the id of the key')
    .option('--yes', 'do not ask')
    .action(toAction(revoke, ([kid]) => `Every access token signed with ${kid} is refused from now on.`))
}

const list: Work = async ({ deps }) => {
  const keys = await listKeys(deps)
  return { text: toTable(keys.map(toRow), 'no keys'), data: keys }
}

function toRow(key: KeyFacts): Record<string, string> {
  return {
    kid: key.id,
    purpose: key.purpose,
    algorithm: key.algorithm,
    state: key.state,
    'in use from': toInstant(key.signsFrom),
    'in use until': toInstant(key.retiredAt),
    'verifies until': toInstant(key.endsAt),
  }
}

const rotate: Work = async ({ deps, caller }, _args, { now, purpose }) => {
  if (purpose !== 'signing' && purpose !== 'refresh') throw new UsageError('--purpose is signing or refresh')
  const rotation = await rotateKeys(deps, caller, { purpose, atOnce: now === true })
  const { outcome, keyId, signsFrom } = rotation
  const when = now ? 'in use now' : `in use from ${toInstant(signsFrom)}`
  const text =
    outcome === 'PLANNED'
      ? `${purpose} key ${keyId} is ${when}`
      : `nothing changed: ${purpose} key ${keyId} was planned before, in use from ${toInstant(signsFrom)}; --now uses it at once`
  return { text, data: rotation }
}

const reencryptAll: Work = async ({ deps, caller }) => {
  const columns = await reencrypt(deps, caller)
  const rows = columns.map(({ table, column, reencrypted, unopened }) => ({
    table,
    column,
    reencrypted: String(reencrypted),
    'cannot be opened': String(unopened),
  }))
  const text = toTable(rows, 'nothing to do')
  const examples = columns.flatMap((column) => column.examples)
  if (examples.length === 0) return { text, data: columns }
  const lines = [
    '',
    'cannot be opened with these master keys, such as:',
    ...examples.map((one) => `  ${one}`),
  ]
  return { text: [text, ...lines].join('\n'), data: columns, exitCode: 1 }
}

const revoke: Work = async ({ deps, caller }, [keyId = '']) => {
  const done = await revokeKey(deps, caller, { keyId })
  if (done.outcome === 'NOT_FOUND') {
    throw new CommandError(`there is no signing key ${keyId}; see authctl keys list`)
  }
  if (done.outcome === 'REVOKED_BEFORE') {
    return { text: `nothing changed: key ${keyId} was revoked before`, data: done }
  }
  return { text: `key ${keyId} is revoked; ${done.signingKeyId} signs now`, data: done }
}

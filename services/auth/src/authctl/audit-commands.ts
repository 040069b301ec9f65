import type { Command } from 'commander'
import { type AuditActorKind, type AuditOutcome, auditActions, auditActorKinds } from '../domain/audit.ts'
import { listAuditEvents } from '../use-cases/list-audit-events.ts'
import { type AuditVerdict, type NotedEnd, verifyAudit } from '../use-cases/verify-audit.ts'
import { type Options, type ToAction, UsageError, type Work } from './answer.ts'
import { getNamedUser } from './get-named-user.ts'
import { toInstant } from './to-instant.ts'
import { toTable } from './to-table.ts'

/** Adds `audit list|verify`. */
export function addAuditCommands(program: Command, toAction: ToAction): void {
  const audit = program.command('audit').description('who did what')
  audit
    .command('list')
    .description('the last rows of the audit trail, newest first')
    .option('--actor <id>', 'of this service, user or operator only')
    .option('--actor-kind <kind>', `of this kind only: ${toWords(auditActorKinds)}`)
    .option('--action <name...>', `of these only: ${auditActions.join(', ')}`)
    .option('--user <user>', 'about this user only: id, username or e-mail')
    .option('--outcome <outcome>', 'succeeded, failed or denied')
    .option('--since <time>', 'not before: 2026-01-31T12:00:00Z')
    .option('--before <time>', 'before')
    .option('--lines <count>', 'how many at most, up to 500', '50')
    .action(toAction(list))
  audit
    .command('verify')
    .description('compare every row with the chain of hashes; exit code 1 where somebody changed the trail')
    .option(
      '--expect <seq:hash>',
      'an end of the chain that was noted before, as this command and the log tell it',
    )
    .action(toAction(verify))
}

const list: Work = async (at, _args, options) => {
  const user = options.user === undefined ? undefined : await findUserId(at, String(options.user))
  const { events } = await listAuditEvents(at.deps, at.caller, {
    pageSize: toCount(options),
    pageToken: '',
    actorKind: findActorKind(options),
    actorId: String(options.actor ?? ''),
    actions: (options.action as string[] | undefined) ?? [],
    userId: user ?? '',
    outcome: toOutcome(options),
    since: findTime(options, 'since'),
    before: findTime(options, 'before'),
  })
  const rows = events.map((event) => ({
    at: toInstant(event.occurred_at),
    who: `${event.actor_kind.toLowerCase()} ${event.actor_id}`.trim(),
    action: event.action,
    target: `${event.target_kind} ${event.target_id}`.trim(),
    outcome: [event.outcome.toLowerCase(), event.reason].join(' ').trim(),
    fields: event.changed_fields.join(', ') || '-',
    from: event.ip || '-',
  }))
  return { text: toTable(rows, 'nothing is written down of that'), data: events }
}

/** An id is taken as it is: a deleted user is found by nothing else. */
async function findUserId(at: Parameters<Work>[0], text: string): Promise<string> {
  return /^[0-9a-f-]{36}$/i.test(text) ? text : (await getNamedUser(at, text)).id
}

function toCount({ lines }: Options): number {
  const count = Number(lines)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new UsageError('--lines is a number above 0')
}

function findActorKind({ actorKind }: Options): AuditActorKind | undefined {
  if (actorKind === undefined) return undefined
  const name = String(actorKind).toUpperCase()
  const kind = auditActorKinds.find((known) => known === name)
  if (kind !== undefined) return kind
  throw new UsageError(`--actor-kind is one of ${toWords(auditActorKinds)}`)
}

function toWords(names: readonly string[]): string {
  return names.join(', ').toLowerCase()
}

function toOutcome({ outcome }: Options): AuditOutcome | undefined {
  if (outcome === undefined) return undefined
  const name = String(outcome).toUpperCase()
  if (name === 'SUCCEEDED' || name === 'FAILED' || name === 'DENIED') return name
  throw new UsageError('--outcome is succeeded, failed or denied')
}

function findTime(options: Options, name: 'since' | 'before'): Date | undefined {
  if (options[name] === undefined) return undefined
  const instant = new Date(String(options[name]))
  if (!Number.isNaN(instant.getTime())) return instant
  throw new UsageError(`--${name} is an instant such as 2026-01-31T12:00:00Z`)
}

/** Named at most; `--json` has all. */
const namedMax = 20

const verify: Work = async ({ deps }, _args, { expect }) => {
  const verdict = await verifyAudit(deps, toNoted(expect))
  const { findings, missed } = verdict
  return { text: toText(verdict), data: verdict, exitCode: findings.length > 0 || missed ? 1 : 0 }
}

function toNoted(expect: unknown): NotedEnd | undefined {
  if (expect === undefined) return undefined
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(String(expect)) ?? []
  if (seq === undefined || hash === undefined)
    throw new UsageError('--expect is <seq>:<64 hexadecimal digits>')
  return { seq: Number(seq), hash }
}

function toText({ end, entries, findings, missed, waiting }: AuditVerdict): string {
  const lines = findings
    .slice(0, namedMax)
    .map(({ at, fault, rowId, seq }) =>
      `${fault} ${rowId ?? '-'} ${at ?? '-'} ${seq ? `entry ${seq}` : ''}`.trim(),
    )
  if (findings.length > namedMax) lines.push(`and ${findings.length - namedMax} more`)
  if (missed) lines.push(`the chain does not have the entry ${missed.seq}:${missed.hash}`)
  const count = `${entries} entries were compared with their rows, ${waiting} rows wait for their entry`
  return [...lines, count, `the chain ends with ${end.seq}:${end.hash}`].join('\n')
}

import { type EventName, eventNames } from '@immersiverse/auth-contract'
import type { Command } from 'commander'
import { openEventTools } from '../compose/open-event-tools.ts'
import { readConfig } from '../config.ts'
import type { Caller } from '../domain/caller.ts'
import { isUuid } from '../domain/ids.ts'
import type { Discrepancy, Reconciliation } from '../events/reconcile-events.ts'
import { toEventFact } from '../events/to-event-fact.ts'
import { toEventLine } from '../events/to-event-line.ts'
import { type Answer, type Options, type ToAction, UsageError } from './answer.ts'
import { addParkedCommands } from './parked-commands.ts'

/** How the commands speak. */
export interface EventsOutput {
  readonly toAction: ToAction
  /** Who sits here. */
  readonly caller: Caller
  readonly print: (answer: Answer, options: Options) => void
  /** A line at once: an endless answer has no end to wait for. */
  readonly printLine: (line: string) => void
}

/** Adds `events tail|replay|reconcile|parked|retry`. */
export function addEventsCommands(program: Command, output: EventsOutput): void {
  const events = program.command('events').description('what the service tells the platform')
  const user = ['--user <id>', 'of this user only'] as const
  const since = ['--since <time>', 'committed since: 2026-01-31T12:00:00Z'] as const
  events
    .command('tail')
    .description("the last events of the database's log, a line each")
    .option('--topic <name...>', 'of these only, such as user_created')
    .option(...user)
    .option('--lines <count>', 'how many of the last', '20')
    .option('--follow', 'go on with what comes', false)
    .action((_options, command: Command) => tail(command.optsWithGlobals(), output))
  events
    .command('replay')
    .description('publish again what was published before, in its order; consumers take it for repetitions')
    .option(...user)
    .option(...since)
    .action((_options, command: Command) => replay(command.optsWithGlobals(), output))
  events
    .command('reconcile')
    .description('compare the database with the topics; exit code 1 where they differ')
    .option(...since)
    .option('--repair', 'publish what is missing, and what follows it of the same key', false)
    .action((_options, command: Command) => reconcile(command.optsWithGlobals(), output))
  addParkedCommands(events, output.toAction)
}

async function tail(options: Options, { printLine }: EventsOutput): Promise<void> {
  const { lines, follow, json, topic } = options
  const count = Number(lines)
  if (!Number.isSafeInteger(count) || count < 0) throw new UsageError('--lines is a number')
  const events = (topic as string[] | undefined)?.map(toEventName)
  const search = { ...toSearch(options), ...(events ? { events } : {}) }
  await using tools = await openEventTools(readConfig())
  const ended = new AbortController()
  process.once('SIGINT', () => ended.abort())
  for await (const event of tools.tail({ ...search, count, follow: follow === true }, ended.signal)) {
    printLine(json ? JSON.stringify(toEventFact(event)) : toEventLine(event))
  }
}

async function replay(options: Options, { print, caller }: EventsOutput): Promise<void> {
  const search = toSearch(options)
  if (Object.keys(search).length === 0) throw new UsageError('needs --user or --since')
  await using tools = await openEventTools(readConfig())
  const replayed = await tools.replay(caller, search)
  print({ text: `${replayed} events were published again`, data: { replayed } }, options)
}

async function reconcile(options: Options, { print, caller }: EventsOutput): Promise<void> {
  const { since } = toSearch(options)
  await using tools = await openEventTools(readConfig())
  const found = await tools.reconcile(caller, since, options.repair === true)
  print(toAnswer(found), options)
}

function toSearch({ user, since }: Options): { userId?: string; since?: Date } {
  if (user !== undefined && !(typeof user === 'string' && isUuid(user))) {
    throw new UsageError('--user is the id of a user; authctl users get tells it')
  }
  const instant = new Date(String(since))
  if (since !== undefined && Number.isNaN(instant.getTime())) {
    throw new UsageError('--since is an instant such as 2026-01-31T12:00:00Z')
  }
  return {
    ...(user === undefined ? {} : { userId: user }),
    ...(since === undefined ? {} : { since: instant }),
  }
}

/** With or without what stands before it in a topic. */
function toEventName(text: string): EventName {
  const name = eventNames.find((known) => text === known || text.endsWith(`.${known}`))
  if (name === undefined) throw new UsageError(`--topic is one of ${eventNames.join(', ')}`)
  return name
}

const kinds = Object.freeze({
  missing: 'missing: committed and acknowledged, not on its topic',
  phantom: 'phantom: on its topic, never committed',
  changed: 'changed: on its topic with other bytes',
  outOfOrder: 'out of order: behind a later one of the same user',
} as const)

/** Named of each kind at most; `--json` has all. */
const namedMax = 10

function toAnswer(found: Reconciliation & { readonly repaired: number }): Answer {
  const { events, records, repaired, missing } = found
  const lines = Object.entries(kinds).flatMap(([kind, title]) =>
    toLines(title, found[kind as keyof typeof kinds]),
  )
  const compared = `${events} events were compared with ${records} records`
  const end = repaired > 0 ? [`${repaired} events were published again`] : []
  const { phantom, changed, outOfOrder } = found
  const left = repaired > 0 ? 0 : missing.length
  const differs = left + phantom.length + changed.length + outOfOrder.length > 0
  if (left > 0) end.push('--repair publishes what is missing')
  return { text: [compared, ...lines, ...end].join('\n'), data: found, exitCode: differs ? 1 : 0 }
}

function toLines(title: string, found: readonly Discrepancy[]): string[] {
  if (found.length === 0) return []
  const named = found.slice(0, namedMax).map(({ id, topic, key }) => `  ${topic} ${key} ${id}`)
  const more = found.length > namedMax ? [`  and ${found.length - namedMax} more`] : []
  return [`${found.length} ${title}`, ...named, ...more]
}

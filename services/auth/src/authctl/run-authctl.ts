import { userInfo } from 'node:os'
import { Command, CommanderError } from 'commander'
import { migrateDatabase, openOperator } from '../compose/open-operator.ts'
import { toErrorLine } from '../compose/to-error-line.ts'
import { ConfigError, readConfig } from '../config.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { type Answer, CommandError, type Options, type ToAction, UsageError } from './answer.ts'
import { addAuditCommands } from './audit-commands.ts'
import { addCallersCommands } from './callers-commands.ts'
import { addDoctorCommand } from './doctor-command.ts'
import { addEventsCommands } from './events-commands.ts'
import { addKeysCommands } from './keys-commands.ts'
import { addRevokeCommands } from './revoke-commands.ts'
import { addSessionsCommands } from './sessions-commands.ts'
import type { Terminal } from './terminal.ts'
import { toRefusalLine } from './to-refusal-line.ts'
import { addUsersCommands } from './users-commands.ts'

/** Who sits here, as the operating system says: it is what the audit trail notes. */
const caller: Caller = Object.freeze({
  kind: 'service',
  id: 'authctl',
  operator: findSystemUser(),
  origin: Object.freeze({ ip: '', userAgent: 'authctl' }),
})

/**
 * Runs one command, with the settings of the service, and returns the exit code: 0, 1 where it cannot be done or has findings, 2 for wrong usage, 78 for
 * wrong settings. Never throws.
 */
export async function runAuthctl(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    let exitCode = 0
    const answer = ({ text, data, exitCode: code = 0 }: Answer, { json }: Options) => {
      terminal.print(json ? JSON.stringify(data) : text)
      exitCode = code
    }
    await makeProgram(terminal, answer).parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    return complain(error, terminal)
  }
}

/** A user without an entry in the system's list, as in some containers, has a number alone. */
function findSystemUser(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

type Print = (answer: Answer, options: Options) => void

function makeProgram(terminal: Terminal, print: Print): Command {
  const toAction = makeToAction(terminal, print)
  const program = new Command('authctl')
    .description(
      'Operates the authentication service, with the settings it runs with; instances go on serving.',
    )
    .option('--json', 'print JSON', false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
      outputError: (text, write) =>
        write(
          `authctl: ${text
            .replace(/^error: /, '')
            .trim()
            .replaceAll('\n', ' ')}`,
        ),
    })
  program
    .command('migrate')
    .description('bring the schema of the database to this version')
    .action(async (_options, command: Command) => print(await runMigrations(), command.optsWithGlobals()))
  addAuditCommands(program, toAction)
  addCallersCommands(program, print)
  addDoctorCommand(program, print)
  addEventsCommands(program, { toAction, caller, print, printLine: terminal.print })
  addKeysCommands(program, toAction)
  addRevokeCommands(program, toAction)
  addSessionsCommands(program, toAction)
  addUsersCommands(program, toAction)
  return program
}

async function runMigrations(): Promise<Answer> {
  const migrations = await migrateDatabase(readConfig())
  const text = migrations.length > 0 ? `migrated: ${migrations.join(', ')}` : 'nothing to migrate'
  return { text, data: { migrations } }
}

function makeToAction(terminal: Terminal, print: Print): ToAction {
  return (work, question) =>
    async (...given) => {
      const command = given.at(-1) as Command
      const options: Options = command.optsWithGlobals()
      // Before anything is asked: a wrong setting must not wait for an answer.
      const config = readConfig()
      if (question && !options.yes) await confirm(terminal, question(command.args))
      await using operator = await openOperator(config)
      print(await work({ deps: operator.deps, caller }, command.args, options), options)
    }
}

async function confirm(terminal: Terminal, what: string): Promise<void> {
  const answer = await terminal.ask(`${what} Go on? (yes/no) `)
  if (answer === undefined) throw new UsageError('needs --yes where nobody can be asked')
  if (answer.trim().toLowerCase() !== 'yes') throw new CommandError('nothing was changed')
}

function complain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  terminal.complain(`authctl: ${error instanceof AuthError ? toRefusalLine(error) : toErrorLine(error)}`)
  if (error instanceof UsageError) return 2
  return error instanceof ConfigError ? 78 : 1
}

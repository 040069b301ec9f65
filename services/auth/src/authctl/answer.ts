import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'

/** What a command says: to people as text, to machines as JSON. */
export interface Answer {
  /** Lines without a final newline. */
  readonly text: string
  /** What `--json` prints; `Date`s become ISO texts. */
  readonly data: unknown
  /** The exit code; 0 by default. */
  readonly exitCode?: number
}

/** What a command works with. */
export interface At {
  readonly deps: Deps
  readonly caller: Caller
}

/** A command's options, by their names in camel case. */
export type Options = Readonly<Record<string, unknown>>

/** What a command does, with its arguments in their order. */
export type Work = (at: At, args: readonly string[], options: Options) => Promise<Answer>

/** Makes the action of a command. `question` makes it ask first, unless `--yes` was given. */
export type ToAction = (
  work: Work,
  question?: (args: readonly string[]) => string,
) => (...given: unknown[]) => Promise<void>

/** A command that cannot be done, in one line. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** A command that was not given as it must be, in one line. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

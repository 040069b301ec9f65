import { ConfigError } from '../config.ts'

/** The error and its causes in one line, for whoever started the process; a ConfigError in a line per fault. */
export function toErrorLine(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  const texts: string[] = []
  for (let at = error; at instanceof Error && texts.length < 4; at = at.cause) {
    const text = at.message || (at as NodeJS.ErrnoException).code || at.name
    if (!texts.some((known) => known.includes(text))) texts.push(text)
  }
  return texts.join(': ').replaceAll('\n', ' ')
}

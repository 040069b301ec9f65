/** `ok` and `note` need nothing to be done; a `warning` will hurt, an `error` does already. */
export type Severity = 'ok' | 'note' | 'warning' | 'error'

/** What a check has found, in a line, and what to do about it. */
export interface Finding {
  /** What was looked at, such as `topics` or `signing keys`. */
  readonly check: string
  readonly severity: Severity
  readonly what: string
  /** What helps, in a line; undefined where nothing needs to be done. */
  readonly remedy?: string
}

/** Whether something needs to be done about it. */
export function isFault({ severity }: Finding): boolean {
  return severity === 'warning' || severity === 'error'
}

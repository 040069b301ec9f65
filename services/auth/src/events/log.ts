/** The part of pino's logger that is used. */
export interface EventsLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

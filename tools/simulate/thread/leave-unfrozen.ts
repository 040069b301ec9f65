/**
 * Makes `Object.freeze` give back what it is given, as it is: each statement that Kysely builds is dozens of frozen objects, and frozen ones are
 * slower to make and to read. That nothing writes to what is frozen is seen by everything else that runs the same code. Idempotent.
 */
export function leaveUnfrozen(): void {
  Object.freeze = ((value: unknown) => value) as typeof Object.freeze
}

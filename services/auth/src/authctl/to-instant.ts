/** An instant for people, in UTC to the second; `-` for none. */
export function toInstant(instant: Date | undefined): string {
  return instant === undefined ? '-' : `${instant.toISOString().slice(0, 19).replace('T', ' ')}Z`
}

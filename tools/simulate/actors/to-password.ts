/** A password by its number. */
export function toPassword(number: number): string {
  return `password number ${number}`
}

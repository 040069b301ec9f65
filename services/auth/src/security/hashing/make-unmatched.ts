import type { HashCost } from './hash-job.ts'

/** A hash in PHC form with random bytes where the result stands: checking a password against it costs `cost`, and none matches. */
export function makeUnmatched(
  { memoryKib, passes }: HashCost,
  randomBytes: (size: number) => Buffer,
): string {
  const [salt, tag] = [16, 32].map((size) => randomBytes(size).toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${salt}$${tag}`
}

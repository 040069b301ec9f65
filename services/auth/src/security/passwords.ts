import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { AuthError } from '../domain/errors.ts'

/** Hashes and checks passwords, few at a time. */
export interface Passwords {
  /** The Argon2id hash in PHC form. */
  hash(password: string): Promise<string>
  /** Whether the password is the one that was hashed. Without a hash it does the same work and answers false. */
  verify(password: string, hashed: string | undefined): Promise<boolean>
  /** Checks that wait and that run. */
  readonly pending: number
}

/** Cost and bounds of hashing. */
export interface PasswordOptions {
  readonly memoryKib: number
  readonly passes: number
  /** Hashes at work at once: they share four threads with DNS and files. */
  readonly concurrency: number
  /** How many may wait before new ones are refused. */
  readonly queueLength: number
}

/** OWASP ASVS 5.0, appendix C: m = 19 MiB, t = 2, p = 1. */
export const defaultPasswordOptions: PasswordOptions = Object.freeze({
  memoryKib: 19_456,
  passes: 2,
  concurrency: 2,
  queueLength: 64,
})

/**
 * Makes the hasher. Both methods throw AuthError HASHING_BUSY when the queue is full.
 * Passwords are compared in NFKC (NIST 800-63B-4 §3.1.1.2).
 */
export async function makePasswords(options: PasswordOptions): Promise<Passwords> {
  const cost = { memoryCost: options.memoryKib, timeCost: options.passes, parallelism: 1 }
  const queue = makeQueue(options)
  // What an unknown user's password is compared with: the same cost, and nobody knows what it hashes.
  const nobody = await hash(randomBytes(32), cost)
  return {
    hash: (password) => queue.run(() => hash(password.normalize('NFKC'), cost)),
    verify: (password, hashed) =>
      queue.run(async () => {
        const matches = await verify(hashed ?? nobody, password.normalize('NFKC'))
        return matches && hashed !== undefined
      }),
    get pending() {
      return queue.pending()
    },
  }
}

function makeQueue({ concurrency, queueLength }: PasswordOptions) {
  const waiting: (() => void)[] = []
  let running = 0
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= queueLength) throw new AuthError('HASHING_BUSY', { retryAfterMs: 1000 })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await work()
    } finally {
      // The place passes to the next in line, so that nobody overtakes.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
  return { run, pending: () => running + waiting.length }
}

import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { AuthError } from '../domain/errors.ts'
import { type HashCost, type HashRunner, inProcess, ThreadEndedError } from './hashing/hash-job.ts'
import { type HashPlace, makeHashQueue, type Waiting } from './hashing/make-hash-queue.ts'
import { makeUnmatched } from './hashing/make-unmatched.ts'
import { openHashThreads } from './hashing/open-hash-threads.ts'

/**
 * Hashes and checks passwords, few at a time. All methods throw AuthError HASHING_BUSY when too many wait, when nobody waits for this one
 * any more, or when the thread that worked on it has ended; SHUTTING_DOWN after `close`. Nothing has happened then.
 */
export interface Passwords {
  /**
   * Keeps room for one hash or check, given to it as `who`. Ask for it before anything is spent on a call: what cannot be hashed in time
   * then costs next to nothing.
   */
  admit(who?: Waiting): HashPlace
  /** The Argon2id hash in PHC form. */
  hash(password: string, who?: Waiting): Promise<string>
  /** Whether the password is the one that was hashed. Without a hash it does the same work and answers false. */
  verify(password: string, hashed: string | undefined, who?: Waiting): Promise<boolean>
  /** Whether a hash cost less than new ones do. */
  isOutdated(hashed: string): boolean
  /** Hashes and checks that run and that wait, and the room that is kept. */
  readonly pending: number
}

/** {@link Passwords} until they are closed. */
export interface OpenPasswords extends Passwords {
  /** Refuses those that wait and ends the threads. */
  close(): Promise<void>
}

/** Cost and bounds of hashing. */
export interface PasswordOptions extends HashCost {
  /** Hashes at work at once. */
  readonly concurrency: number
  /** How many may wait before new ones are refused. */
  readonly queueLength: number
  /** On threads of its own, or in this process: for hashing that costs next to nothing. */
  readonly runOn: 'threads' | 'process'
  /** Told of a thread that ended by itself. */
  readonly onThreadEnded?: (error: Error) => void
}

/** How many may wait for each that is at work: about a second's worth. */
const waitingPerThread = 32

/**
 * OWASP ASVS 5.0, appendix C: m = 19 MiB, t = 2, p = 1; a thread less than there are cores, one at least.
 */
export const defaultPasswordOptions: PasswordOptions = Object.freeze({
  memoryKib: 19_456,
  passes: 2,
  runOn: 'threads',
  ...toThreadBounds(Math.max(1, availableParallelism() - 1)),
})

/** The bounds of hashing on so many threads. */
export function toThreadBounds(threads: number): Pick<PasswordOptions, 'concurrency' | 'queueLength'> {
  return { concurrency: threads, queueLength: waitingPerThread * threads }
}

/** Opens the hasher; a thread starts with the first password. Passwords are compared in NFKC (NIST 800-63B-4 §3.1.1.2). */
export function openPasswords(options: PasswordOptions): OpenPasswords {
  const { memoryKib, passes, onThreadEnded = () => undefined } = options
  const cost = { memoryKib, passes }
  const queue = makeHashQueue(options)
  const runner = options.runOn === 'threads' ? openHashThreads({ onEnded: onThreadEnded }) : inProcess
  const run = withRetrySafeErrors(runner)
  // What an unknown user's password is compared with: it costs the same, and no password matches it.
  const nobody = makeUnmatched(cost, randomBytes)
  return {
    admit: (who = {}) => queue.admit(who),
    hash: (password, who = {}) =>
      queue.run(async () => {
        const job = { kind: 'hash', password: password.normalize('NFKC'), cost } as const
        return (await run(job)) as string
      }, who),
    verify: (password, hashed, who = {}) =>
      queue.run(async () => {
        const job = {
          kind: 'verify',
          password: password.normalize('NFKC'),
          hashed: hashed ?? nobody,
        } as const
        return (await run(job)) === true && hashed !== undefined
      }, who),
    isOutdated: (hashed) => isCheaper(hashed, cost),
    get pending() {
      return queue.pending
    },
    close: async () => {
      queue.close()
      await runner.close()
    },
  }
}

function withRetrySafeErrors(runner: HashRunner): HashRunner['run'] {
  return async (job) => {
    try {
      return await runner.run(job)
    } catch (error) {
      if (!(error instanceof ThreadEndedError)) throw error
      throw new AuthError('HASHING_BUSY', { retryAfterMs: 100, cause: error })
    }
  }
}

/** Whether a hash of another cost than ours was made with less memory or fewer passes. */
function isCheaper(hashed: string, { memoryKib, passes }: HashCost): boolean {
  const [, memory, time] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(hashed) ?? []
  return memory === undefined || Number(memory) < memoryKib || Number(time) < passes
}

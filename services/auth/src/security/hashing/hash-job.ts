import { hash, verify } from '@node-rs/argon2'

/** Cost of an Argon2id hash; parallelism is always 1. */
export interface HashCost {
  readonly memoryKib: number
  readonly passes: number
}

/** One piece of hashing, as it is handed to a thread. The password is in the form in which it is compared. */
export type HashJob =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: HashCost }
  | { readonly kind: 'verify'; readonly password: string; readonly hashed: string }

/** The hash in PHC form for `hash`, whether it matches for `verify`. */
export type HashAnswer = string | boolean

/** Runs jobs. */
export interface HashRunner {
  /** Rejects with {@link ThreadEndedError} where it cannot be known what became of the job, and with what Argon2 says of a malformed hash. */
  run(job: HashJob): Promise<HashAnswer>
  close(): Promise<void>
}

/** The thread that worked on a job is gone: the job had no effect and may be asked for again. */
export class ThreadEndedError extends Error {
  override readonly name = 'ThreadEndedError'
}

/** What Argon2 is given; the library's default is Argon2id. */
export function toArgon2Options({ memoryKib, passes }: HashCost) {
  return { memoryCost: memoryKib, timeCost: passes, parallelism: 1 }
}

/** Runs jobs in this process, on the threads that it shares with files and name look-ups: for hashing that costs next to nothing. */
export const inProcess: HashRunner = Object.freeze({
  run: (job: HashJob) =>
    job.kind === 'hash' ? hash(job.password, toArgon2Options(job.cost)) : verify(job.hashed, job.password),
  close: async () => undefined,
})

import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'
import { type HashAnswer, type HashJob, toArgon2Options } from './hash-job.ts'

/*
 * A thread that does nothing but hash: one job at a time, each answered with a value or with what Argon2 had against it.
 */

/** The weakest claim to a core that can be made: whoever waits for an answer that needs no hashing goes first. */
const lowestPriority = 19

// Only on Linux does it mean this thread; elsewhere the whole process would step back.
if (process.platform === 'linux') setPriority(lowestPriority)

parentPort?.on('message', (job: HashJob) => {
  parentPort?.postMessage(toAnswer(job))
})

function toAnswer(job: HashJob): { value: HashAnswer } | { fault: string } {
  const work = toWork(job)
  try {
    return { value: work() }
  } catch (error) {
    return { fault: (error as Error).message }
  }
}

function toWork(job: HashJob): () => HashAnswer {
  if (job.kind === 'hash') return () => hashSync(job.password, toArgon2Options(job.cost))
  return () => verifySync(job.hashed, job.password)
}

import { Worker } from 'node:worker_threads'
import { type HashAnswer, type HashJob, type HashRunner, ThreadEndedError } from './hash-job.ts'

/** What {@link openHashThreads} may be given. */
export interface HashThreadsOptions {
  /** Told of a thread that ended by itself; another one takes its place with the next job. */
  readonly onEnded: (error: ThreadEndedError) => void
}

type ThreadAnswer = { readonly value: HashAnswer } | { readonly fault: string }

/**
 * Threads for hashing alone, beside those that the process shares for files and name look-ups. Each is started with the first job that
 * finds no other idle, so there are never more than jobs at once: bounding those is the caller's.
 */
export function openHashThreads(options: HashThreadsOptions): HashRunner {
  return new HashThreads(options)
}

class HashThreads implements HashRunner {
  readonly #onEnded: HashThreadsOptions['onEnded']
  readonly #threads = new Set<Worker>()
  readonly #idle: Worker[] = []
  #isClosed = false

  constructor({ onEnded }: HashThreadsOptions) {
    this.#onEnded = onEnded
  }

  async run(job: HashJob): Promise<HashAnswer> {
    if (this.#isClosed) throw new ThreadEndedError('hashing has been closed')
    const thread = this.#idle.pop() ?? this.#start()
    const answer = await ask(thread, job)
    // Idle, it must not keep a process alive that has nothing else to do.
    thread.unref()
    this.#idle.push(thread)
    if ('fault' in answer) throw new Error(`Argon2: ${answer.fault}`)
    return answer.value
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#threads].map((thread) => thread.terminate()))
  }

  #start(): Worker {
    // No environment: a thread that sees passwords has no business with keys.
    const thread = new Worker(new URL('./hash-thread.ts', import.meta.url), {
      name: 'hashing',
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    })
    this.#threads.add(thread)
    let cause: unknown
    thread.on('error', (error) => {
      cause = error
    })
    thread.on('exit', (code) => {
      this.#threads.delete(thread)
      const place = this.#idle.indexOf(thread)
      if (place >= 0) this.#idle.splice(place, 1)
      if (!this.#isClosed)
        this.#onEnded(new ThreadEndedError(`a hashing thread ended with ${code}`, { cause }))
    })
    return thread
  }
}

async function ask(thread: Worker, job: HashJob): Promise<ThreadAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer>()
  const onExit = (code: number) => reject(new ThreadEndedError(`the hashing thread ended with ${code}`))
  thread.once('message', resolve)
  thread.once('exit', onExit)
  thread.ref()
  thread.postMessage(job)
  try {
    return await promise
  } finally {
    thread.off('message', resolve)
    thread.off('exit', onExit)
  }
}

import { AuthError } from '../../domain/errors.ts'

/** Bounds of a queue. */
export interface HashQueueOptions {
  /** Jobs at work at once. */
  readonly concurrency: number
  /** How many may wait before new ones are refused. */
  readonly queueLength: number
}

/** Whoever waits for an answer, and whether he still does. */
export interface Waiting {
  readonly isAbandoned?: () => boolean
}

/** Room for one job, kept until it runs or until this is disposed of. */
export interface HashPlace extends Waiting, Disposable {}

/** Jobs in the order they came, few at a time. */
export interface HashQueue {
  /** Keeps room for a job that is to come. Throws AuthError HASHING_BUSY when there is none, SHUTTING_DOWN when the queue is closed. */
  admit(who: Waiting): HashPlace
  /** Throws as `admit`, unless `who` is a place that was kept, and HASHING_BUSY when nobody waits for the answer any more. */
  run<T>(work: () => Promise<T>, who: Waiting | HashPlace): Promise<T>
  /** Jobs that run and that wait, and the room that is kept. */
  readonly pending: number
  /** Refuses those that wait. */
  close(): void
}

interface WaitingJob {
  readonly who: Waiting
  readonly begin: () => void
  readonly refuse: (error: AuthError) => void
}

/** What a refused caller is told to wait: by then about as many as may wait have been answered. */
const retryAfterMs = 1000

/** Makes an empty queue. */
export function makeHashQueue({ concurrency, queueLength }: HashQueueOptions): HashQueue {
  const waiting: WaitingJob[] = []
  const kept = new Set<Waiting>()
  let running = 0
  let isClosed = false
  const isFull = () => running + waiting.length + kept.size >= concurrency + queueLength
  const requireRoom = () => {
    if (isClosed) throw new AuthError('SHUTTING_DOWN')
    // Room that is held for nobody is given to somebody.
    if (isFull()) refuseAbandoned(waiting)
    if (isFull()) throw toBusy()
  }
  const enter = async (who: Waiting): Promise<void> => {
    if (!kept.delete(who) || isClosed) requireRoom()
    if (running < concurrency) running += 1
    else await new Promise<void>((begin, refuse) => waiting.push({ who, begin, refuse }))
  }
  const leave = () => {
    // The place passes to the next in line who still waits, so that nobody overtakes.
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (!next.who.isAbandoned?.()) return next.begin()
      next.refuse(toBusy())
    }
    running -= 1
  }
  return {
    admit(who) {
      requireRoom()
      const place: HashPlace = {
        isAbandoned: () => who.isAbandoned?.() ?? false,
        [Symbol.dispose]: () => kept.delete(place),
      }
      kept.add(place)
      return place
    },
    async run(work, who) {
      await enter(who)
      try {
        return await work()
      } finally {
        leave()
      }
    },
    get pending() {
      return running + waiting.length + kept.size
    },
    close() {
      isClosed = true
      for (const { refuse } of waiting.splice(0)) refuse(new AuthError('SHUTTING_DOWN'))
    },
  }
}

function refuseAbandoned(waiting: WaitingJob[]): void {
  const jobs = waiting.splice(0)
  for (const job of jobs) {
    if (job.who.isAbandoned?.()) job.refuse(toBusy())
    else waiting.push(job)
  }
}

function toBusy(): AuthError {
  return new AuthError('HASHING_BUSY', { retryAfterMs })
}

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

/** Jobs in the order they came, few at a time. */
export interface HashQueue {
  /** Throws AuthError HASHING_BUSY when the queue is full or nobody waits for the answer any more, SHUTTING_DOWN when it is closed. */
  run<T>(work: () => Promise<T>, who: Waiting): Promise<T>
  /** Jobs that wait and that run. */
  readonly pending: number
  /** Refuses those that wait. */
  close(): void
}

interface Place {
  readonly who: Waiting
  readonly begin: () => void
  readonly refuse: (error: AuthError) => void
}

/** What a refused caller is told to wait: by then about as many as may wait have been answered. */
const retryAfterMs = 1000

/** Makes an empty queue. */
export function makeHashQueue({ concurrency, queueLength }: HashQueueOptions): HashQueue {
  const waiting: Place[] = []
  let running = 0
  let isClosed = false
  const enter = async (who: Waiting): Promise<void> => {
    if (running < concurrency) {
      running += 1
      return
    }
    // Room that is held for nobody is given to somebody.
    if (waiting.length >= queueLength) refuseAbandoned(waiting)
    if (waiting.length >= queueLength) throw toBusy()
    await new Promise<void>((begin, refuse) => waiting.push({ who, begin, refuse }))
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
    async run(work, who) {
      if (isClosed) throw new AuthError('SHUTTING_DOWN')
      await enter(who)
      try {
        return await work()
      } finally {
        leave()
      }
    },
    get pending() {
      return running + waiting.length
    },
    close() {
      isClosed = true
      for (const { refuse } of waiting.splice(0)) refuse(new AuthError('SHUTTING_DOWN'))
    },
  }
}

function refuseAbandoned(waiting: Place[]): void {
  const places = waiting.splice(0)
  for (const place of places) {
    if (place.who.isAbandoned?.()) place.refuse(toBusy())
    else waiting.push(place)
  }
}

function toBusy(): AuthError {
  return new AuthError('HASHING_BUSY', { retryAfterMs })
}

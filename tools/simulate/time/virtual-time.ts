/** Something that happens at a time; calling it off costs nothing. */
export interface Timer {
  atMs: number
  order: number
  /** Undefined once it was called off or has happened. */
  fire: (() => void) | undefined
  /** Called instead where time ends before. */
  forget?: () => void
}

const resolved = Promise.resolve()

/** Unix time of the world's beginning, in milliseconds. */
export const beginningMs = 1_800_000_000_000

/**
 * Time that passes only in `run`: the one true clock of a world, in milliseconds from its beginning. Everything that a timer sets off in
 * promises has come to rest before the next timer, and timers of one instant run in the order they were set: the same seed gives the same
 * course.
 */
export class VirtualTime {
  nowMs = 0
  readonly #heap: Timer[] = []
  #order = 0
  #fired = 0

  /** How many timers have fired: how much has happened. */
  get firedCount(): number {
    return this.#fired
  }

  at(atMs: number, fire: () => void): Timer {
    const timer: Timer = { atMs: atMs > this.nowMs ? atMs : this.nowMs, order: this.#order++, fire }
    this.#push(timer)
    return timer
  }

  after(ms: number, fire: () => void): Timer {
    return this.at(this.nowMs + ms, fire)
  }

  /** Lets time pass up to `untilMs`, or until `isOver` says so before a timer. */
  run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const soon = () => process.nextTick(step)
      // Runs it once no promise has anything left to do: Node runs what `nextTick` got when the queue of microtasks is empty, and that costs a tenth
      // of a turn of the event loop. `setImmediate` must not be in use, see `replaceImmediates`; `queueMicrotask` would make an object of its own.
      const settle = () => void resolved.then(soon)
      const step = () => {
        const next = isOver() ? undefined : this.#takeNext(untilMs)
        if (next === undefined) {
          if (!isOver()) this.nowMs = Math.max(this.nowMs, untilMs)
          resolve()
          return
        }
        this.nowMs = next.atMs
        try {
          const { fire } = next
          next.fire = undefined
          this.#fired++
          fire?.()
        } catch (error) {
          reject(error)
          return
        }
        settle()
      }
      settle()
    })
  }

  /** Ends time: nothing that was to come happens, and nothing outside remembers it. */
  end(): void {
    for (const timer of this.#heap.splice(0)) if (timer.fire !== undefined) timer.forget?.()
  }

  #takeNext(untilMs: number): Timer | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || (first.fire !== undefined && first.atMs > untilMs)) return undefined
      this.#pop()
      if (first.fire !== undefined) return first
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Timer
      if (!isBefore(timer, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below] as Timer)) below++
      const child = heap[below] as Timer
      if (!isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

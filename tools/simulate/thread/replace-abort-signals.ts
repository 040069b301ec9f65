type Listener = (event: Event) => void

/**
 * Puts in the place of the global `AbortController` and `AbortSignal` some that do the same without the rest of what an `EventTarget` can:
 * a world makes hundreds of them, and Node's, with their events and weak references, are a tenth of its work. Idempotent.
 */
export function replaceAbortSignals(): void {
  const global = globalThis as unknown as Record<'AbortController' | 'AbortSignal', unknown>
  global.AbortController = LightAbortController
  global.AbortSignal = LightAbortSignal
}

class LightAbortController {
  readonly signal = new LightAbortSignal()

  abort(reason?: unknown): void {
    this.signal.abort(reason)
  }
}

class LightAbortSignal {
  aborted = false
  #reason: unknown
  /** In the order in which they are called; true for those that are called once. */
  readonly #listeners = new Map<Listener, boolean>()
  /** Those made of this one by `any`, in that order. */
  #dependents: LightAbortSignal[] | undefined
  /** Of one that was made by `any`: what it depends on. */
  #sources: readonly LightAbortSignal[] | undefined

  /** One that is aborted as soon as one of these is. */
  static any(signals: Iterable<LightAbortSignal>): LightAbortSignal {
    const made = new LightAbortSignal()
    const sources: LightAbortSignal[] = []
    for (const signal of signals) {
      if (signal.aborted) {
        made.aborted = true
        made.#reason = signal.reason
        return made
      }
      for (const source of signal.#sources ?? [signal]) if (!sources.includes(source)) sources.push(source)
    }
    made.#sources = sources
    for (const source of sources) {
      source.#dependents ??= []
      source.#dependents.push(made)
    }
    return made
  }

  /** Made when it is asked for: an error costs more than all else here. */
  get reason(): unknown {
    if (this.aborted) this.#reason ??= new DOMException('This operation was aborted', 'AbortError')
    return this.#reason
  }

  /** As its controller does: all that depend on it are aborted before the first listener is called. */
  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.#reason = reason
    const dependents = this.#dependents?.filter(({ aborted }) => !aborted) ?? []
    for (const dependent of dependents) {
      dependent.aborted = true
      dependent.#reason = this.reason
    }
    this.#call()
    for (const dependent of dependents) dependent.#call()
  }

  addEventListener(_type: 'abort', listener: Listener, { once = false }: { once?: boolean } = {}): void {
    if (!this.#listeners.has(listener)) this.#listeners.set(listener, once)
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners.delete(listener)
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  #call(): void {
    if (this.#listeners.size === 0) return
    const event = { type: 'abort', target: this } as unknown as Event
    for (const [listener, isOnce] of this.#listeners) {
      if (isOnce) this.#listeners.delete(listener)
      listener(event)
    }
  }
}

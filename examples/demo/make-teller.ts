/** Tells the demo, line by line. */
export interface Teller {
  /** Begins a flow. */
  heading(text: string): void
  /** Does a step and tells it with `✓` and the time it took, or with `✗`; rejects with StepError when it does not hold. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>
  /** Steps that held so far. */
  count(): number
}

/** A step that did not hold; `cause` says why. */
export class StepError extends Error {
  override readonly name = 'StepError'
}

/** Makes the teller; no step begins once the signal is aborted. */
export function makeTeller(print: (line: string) => void, signal: AbortSignal): Teller {
  let count = 0
  return {
    heading: (text) => print(`\n${text}`),
    async step(text, work) {
      signal.throwIfAborted()
      const start = performance.now()
      const elapsed = () => `(${(performance.now() - start).toFixed(1)} ms)`
      try {
        const result = await work()
        print(`  ✓ ${text} ${elapsed()}`)
        count++
        return result
      } catch (cause) {
        signal.throwIfAborted()
        print(`  ✗ ${text} ${elapsed()}`)
        throw new StepError(text, { cause })
      }
    },
    count: () => count,
  }
}

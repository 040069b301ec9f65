import type { Clock } from '../domain/clock.ts'

/** Wakes other processes. */
export interface Notifier {
  /** Sends one notification for all calls of the next few milliseconds. */
  notify(): void
}

/** Makes the notifier of one process. A notification that fails is not repeated: those who wait look now and then anyway. */
export function makeNotifier(
  clock: Clock,
  { send, debounceMs }: { readonly send: () => Promise<void>; readonly debounceMs: number },
): Notifier {
  let isWaiting = false
  const sendSoon = async () => {
    await clock.sleep(debounceMs)
    isWaiting = false
    await send()
  }
  return {
    notify() {
      if (isWaiting) return
      isWaiting = true
      sendSoon().catch(() => undefined)
    },
  }
}

import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'

type Listener = (...args: unknown[]) => void
type BoundListener = Listener & { listener?: Listener }

/**
 * Makes an emitter run every listener that is added from now on in the asynchronous context of the code that adds it: events of a socket
 * otherwise fire in the socket's context, where AsyncLocalStorage is empty. Removing by the original listener keeps working.
 */
export function bindListeners(emitter: EventEmitter): void {
  const add = emitter.on.bind(emitter)
  const prepend = emitter.prependListener.bind(emitter)
  // Stream classes override `on` and rely on `this`, so the instance's methods are replaced, not the prototype's.
  const on = (event: string | symbol, listener: Listener) => add(event, bind(listener))
  Object.assign(emitter, {
    on,
    addListener: on,
    prependListener: (event: string | symbol, listener: Listener) => prepend(event, bind(listener)),
    once: (event: string | symbol, listener: Listener) => add(event, bindOnce(emitter, event, listener)),
    prependOnceListener: (event: string | symbol, listener: Listener) =>
      prepend(event, bindOnce(emitter, event, listener)),
  })
}

function bind(listener: Listener): BoundListener {
  const runInContext = AsyncLocalStorage.snapshot()
  const bound: BoundListener = function (this: unknown, ...args) {
    runInContext(() => listener.apply(this, args))
  }
  // EventEmitter.removeListener also compares this property.
  bound.listener = listener
  return bound
}

function bindOnce(emitter: EventEmitter, event: string | symbol, listener: Listener): BoundListener {
  const bound = bind(listener)
  const once: BoundListener = function (this: unknown, ...args) {
    emitter.removeListener(event, once)
    bound.apply(this, args)
  }
  once.listener = listener
  return once
}

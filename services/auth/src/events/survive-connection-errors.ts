import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Marks the connections of clients that were made with these options. */
const context = Object.freeze({ survivesConnectionErrors: true })
/** Where the library tells of every connection that it makes, before it is opened. */
const channel = 'plt:kafka:instances'

/**
 * The option with which a client of @platformatic/kafka leaves the process alone when a broker closes a connection while SASL begins: the
 * library then emits `error` on the connection a second time, when nobody listens any more. Whoever waits for the connection is told by the first.
 * The client package has the same for its own clients; the service reaches that package by its verifier alone.
 */
export function surviveConnectionErrors() {
  // Once, however many clients are made.
  unsubscribe(channel, listen)
  subscribe(channel, listen)
  return { context }
}

function listen(message: unknown): void {
  const { type, instance } = message as {
    readonly type: string
    readonly instance: NodeJS.EventEmitter & { readonly context?: unknown }
  }
  if (type === 'connection' && instance.context === context) instance.on('error', () => undefined)
}

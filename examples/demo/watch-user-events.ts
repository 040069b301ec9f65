import type { Auth } from '@immersiverse/auth-client'
import type { UserCreated, UserUpdated } from '@immersiverse/auth-contract'

/** An event of a user, by name. */
export type UserEvent =
  | { readonly name: 'user_created'; readonly data: UserCreated }
  | { readonly name: 'user_updated'; readonly data: UserUpdated }

/** Sees the events of users as another service would. */
export interface UserEvents {
  /** The first event that matches, also of those seen already; rejects after `timeoutMs` or when the signal is aborted. */
  find(matches: (event: UserEvent) => boolean, timeoutMs?: number): Promise<UserEvent>
}

/** Follows `user_created` and `user_updated`, over Kafka or WatchEvents, whichever the client has; ends with the client. */
export function watchUserEvents(auth: Auth, group: string, signal: AbortSignal): UserEvents {
  const seen: UserEvent[] = []
  const listeners = new Set<(event: UserEvent) => void>()
  const add = (event: UserEvent): void => {
    seen.push(event)
    for (const listener of listeners) listener(event)
  }
  auth
    .events({ group, position: { load: () => undefined, save: () => undefined } })
    .on('user_created', (data) => add({ name: 'user_created', data }))
    .on('user_updated', (data) => add({ name: 'user_updated', data }))
    .start()
  return {
    async find(matches, timeoutMs = 30_000) {
      const { promise, resolve, reject } = Promise.withResolvers<UserEvent>()
      const look = (event: UserEvent): void => {
        if (matches(event)) resolve(event)
      }
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const giveUp = () => reject(new Error(`the event did not come within ${timeoutMs} ms`))
      limit.addEventListener('abort', giveUp, { once: true })
      listeners.add(look)
      seen.forEach(look)
      return await promise.finally(() => {
        listeners.delete(look)
        limit.removeEventListener('abort', giveUp)
      })
    },
  }
}

import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Access } from '../access.ts'
import type { LiveCalls } from '../live/live-calls.ts'
import type { RequestScope } from '../live/make-request-scope.ts'
import type { Authorize } from '../make-authorize.ts'

/** What the HTTP guards are made of. */
export interface HttpParts {
  readonly authorize: Authorize
  readonly scopes: AsyncLocalStorage<RequestScope | undefined>
  readonly calls: LiveCalls
}

/** Options of the HTTP guards. */
export interface HttpGuardOptions {
  /** Who may call, where nothing nearer says otherwise. */
  readonly default: Access
}

import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Access } from '../access.ts'
import type { Authorize } from '../make-authorize.ts'
import type { Principal } from '../principal.ts'

/** What the HTTP guards are made of. */
export interface HttpParts {
  readonly authorize: Authorize
  readonly principals: AsyncLocalStorage<Principal | undefined>
}

/** Options of the HTTP guards. */
export interface HttpGuardOptions {
  /** Who may call, where nothing nearer says otherwise. */
  readonly default: Access
}

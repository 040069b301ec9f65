/** At most `count` in `windowMs`, counted from the first. */
export interface Limit {
  readonly count: number
  readonly windowMs: number
}

/** What is counted, each by its subject: a name, a device, an address, a user, or the whole. */
export type LimitName =
  | 'change_password'
  | 'create_user_address'
  | 'login_account'
  | 'login_address'
  | 'login_device'
  | 'login_total'
  | 'platform_flow_address'
  | 'refresh_address'

/** The limits of each name; all of a name must hold, and none means that nothing is counted. */
export type Limits = Readonly<Record<LimitName, readonly Limit[]>>

/** No limit at all. */
export const noLimits: Limits = Object.freeze({
  change_password: [],
  create_user_address: [],
  login_account: [],
  login_address: [],
  login_device: [],
  login_total: [],
  platform_flow_address: [],
  refresh_address: [],
})

/** How a subject of a limit stands. */
export interface LimitState {
  readonly limit: LimitName
  readonly count: number
  readonly allowed: number
  readonly remainingMs: number
}

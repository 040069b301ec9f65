import type { AccessTokenRecord, RefreshTokenRecord, UserRecord } from '../record/records.ts'
import type { World } from '../world/world.ts'
import type { Calls } from './calls.ts'
import type { Device } from './device.ts'

const triesMax = 4

/** A user's device that holds tokens, and does with them what a good client does. */
export class Holder {
  readonly user: UserRecord
  readonly device: Device
  refreshToken: RefreshTokenRecord | undefined
  accessToken: AccessTokenRecord | undefined
  readonly #world: World
  readonly #calls: Calls
  #isBusy = false

  constructor(world: World, calls: Calls, user: UserRecord, device: Device) {
    this.#world = world
    this.#calls = calls
    this.user = user
    this.device = device
  }

  /** Logs in by the password that its user believes to be the present one; the session before is left to itself. */
  async logIn(): Promise<void> {
    const given = await this.#calls.login(this.user, this.user.password, this.device)
    this.accessToken = given.token
    this.refreshToken = given.refresh
  }

  /** Refreshes; where no answer comes, asks again with the same token, perhaps another instance. */
  async refresh(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      await this.#refreshUntilAnswered()
    } finally {
      this.#isBusy = false
    }
  }

  /** Several tabs refresh at once, with one token. */
  async refreshAtOnce(count: number): Promise<void> {
    const token = this.refreshToken
    if (token === undefined) return
    const answers = await Promise.allSettled(
      Array.from({ length: count }, () => this.#calls.refresh(token, this.device)),
    )
    for (const answer of answers) {
      if (answer.status !== 'fulfilled' || this.refreshToken !== token) continue
      this.refreshToken = answer.value.refresh
      this.accessToken = answer.value.token
    }
  }

  async #refreshUntilAnswered(): Promise<void> {
    const { random, time } = this.#world
    const token = this.refreshToken
    if (token === undefined) return
    for (let tries = 0; tries < triesMax; tries++) {
      try {
        const given = await this.#calls.refresh(token, this.device)
        this.refreshToken = given.refresh
        this.accessToken = given.token
        return
      } catch (error) {
        if ((error as { reason?: unknown }).reason === 'INVALID_REFRESH_TOKEN') {
          if (this.refreshToken === token) this.refreshToken = undefined
          return
        }
        await new Promise<void>((resolve) => time.after(random.between(10, 500), resolve))
      }
    }
  }
}

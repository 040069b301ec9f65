import type { Config } from '../config.ts'
import type { Limits } from '../domain/limit.ts'

/** The limits that configuration sets. */
export function toLimits(config: Config): Limits {
  return {
    change_password: config.AUTH_PASSWORD_CHANGE_ATTEMPTS,
    create_user_address: config.AUTH_SIGN_UPS_PER_ADDRESS,
    login_account: config.AUTH_LOGIN_ATTEMPTS,
    login_address: config.AUTH_LOGIN_ATTEMPTS_PER_ADDRESS,
    login_device: config.AUTH_LOGIN_ATTEMPTS,
    login_total: config.AUTH_LOGIN_FAILURES,
    platform_flow_address: config.AUTH_PLATFORM_LOGINS_PER_ADDRESS,
    refresh_address: config.AUTH_REFRESH_FAILURES_PER_ADDRESS,
  }
}

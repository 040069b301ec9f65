import type { Canaries } from './canaries.ts'

/** Notes a pair of tokens, and returns it: each stands for all that its signature or its random part stands for. */
export function plantTokens<
  T extends {
    readonly accessToken: string
    readonly refreshToken: string
    readonly deviceToken?: string
  },
>(canaries: Canaries, tokens: T): T {
  canaries.plant('access token', tokens.accessToken)
  canaries.plant('signature of an access token', tokens.accessToken.split('.')[2] ?? '')
  canaries.plant('refresh token', tokens.refreshToken)
  canaries.plant('end of a refresh token', tokens.refreshToken.slice(-20))
  if (tokens.deviceToken) canaries.plant('device token', tokens.deviceToken)
  return tokens
}

import { login } from '../../../services/auth/src/use-cases/login.ts'
import { refreshToken } from '../../../services/auth/src/use-cases/refresh-token.ts'
import type { RefreshTokenRecord, UserRecord } from '../record/records.ts'
import type { World } from '../world/world.ts'
import { type Device, toCaller } from './device.ts'
import { makeAsk } from './make-ask.ts'
import { type GivenTokens, serveTokens } from './serve-operation.ts'
import { toPassword } from './to-password.ts'

/** The calls that give tokens. */
export interface IssuingCalls {
  login(user: UserRecord, password: number, device: Device): Promise<GivenTokens>
  refresh(token: RefreshTokenRecord, device: Device): Promise<GivenTokens>
}

/** Makes them, over the network to the real use-cases or a variant's. */
export function makeIssuingCalls(world: World): IssuingCalls {
  const { history, variant } = world
  const refresh = variant.service?.refresh ?? refreshToken
  const ask = makeAsk(world)
  return {
    login: (user, password, device) =>
      ask((auth) => {
        const from = { process: auth.process.name, client: toClient(device) }
        const client = { clientId: device.clientId, deviceName: 'device' }
        const input = { identifier: user.username, password: toPassword(password), client }
        return serveTokens(history, auth, { kind: 'login', userId: user.id, password, ...from }, async () => {
          const { tokens } = await login(auth.deps, toCaller(device), input)
          return tokens
        })
      }),
    refresh: (token, device) =>
      ask((auth) => {
        const { sessionId } = token
        const userId = history.sessions.get(sessionId)?.userId ?? ''
        const from = { process: auth.process.name, client: toClient(device) }
        const facts = { kind: 'refresh', userId, sessionId, presented: token, ...from } as const
        const client = { clientId: device.clientId, deviceName: '' }
        const input = { refreshToken: token.text, client }
        return serveTokens(history, auth, facts, () => refresh(auth.deps, toCaller(device), input))
      }),
  }
}

function toClient({ clientId, ip, userAgent }: Device): string {
  return `${clientId} ${ip} ${userAgent}`
}

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { LoginRequestSchema, LoginResponseSchema } from '@immersiverse/auth-contract'
import { defaultPasswordOptions } from '../../services/auth/src/security/passwords.ts'
import { beside, type Figure, toFigure } from '../figures.ts'
import type { Rate } from '../limits/start-meter.ts'
import { toMessage } from '../load/frames.ts'
import type { Credentials } from '../seed.ts'
import { runScript } from '../start-server.ts'
import { tell, type World } from '../world.ts'
import { openTarget, type Target } from './unary-targets.ts'

const inFlight = 16

/** Login beside Argon2id alone, of the same cost on the same core. */
export async function measureLogin(world: World): Promise<Figure[]> {
  tell('Login')
  const { seconds } = world.options
  const { memoryKib, passes } = defaultPasswordOptions
  const argon2 = await runScript<Rate>({
    script: 'bench/limits/raw-argon2.ts',
    args: [seconds, memoryKib, passes].map(String),
    prefix: world.serverPrefix,
  })
  const limit: Figure = {
    name: `raw Argon2id, ${memoryKib / 1024} MiB, ${passes} passes`,
    ...argon2,
  }
  using target = await openLogin(world)
  const sample = await target.run({ seconds, warmUpSeconds: 1 })
  const figure = beside(toFigure(`Login, ${inFlight} in flight`, [sample]), {
    ...limit,
    name: 'raw Argon2id',
  })
  return [figure, limit]
}

/** Logins with the right passwords, each answer checked. */
export async function openLogin(world: World): Promise<Target> {
  const { logins } = world.seed
  const messages = logins.map(({ identifier, password }) => {
    const request = { identifier, password, client: { clientId: 'web', deviceName: 'bench' } }
    return toMessage(toBinary(LoginRequestSchema, create(LoginRequestSchema, request)))
  })
  return await openTarget({
    server: world.service,
    path: '/auth.v1.AuthService/Login',
    inFlight,
    message: (slot) => messages[slot % messages.length] as Buffer,
    check: (slot, answer) => {
      const { user, tokens } = fromBinary(LoginResponseSchema, answer)
      const expected = logins[slot % logins.length] as Credentials
      if (user?.id !== expected.userId || !tokens?.accessToken)
        throw new Error('the answer names another user')
    },
  })
}

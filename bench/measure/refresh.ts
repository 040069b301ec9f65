import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { RefreshTokenRequestSchema, RefreshTokenResponseSchema } from '@immersiverse/auth-contract'
import { beside, type Figure, toFigure } from '../figures.ts'
import type { Rate } from '../limits/start-meter.ts'
import { toMessage } from '../load/frames.ts'
import { runScript } from '../start-server.ts'
import { tell, type World } from '../world.ts'
import { openTarget, type Target } from './unary-targets.ts'

const inFlight = 32
const poolSize = 10

/** RefreshToken, every client rotating its own families, beside the signature alone and the transaction alone. */
export async function measureRefresh(world: World): Promise<Figure[]> {
  tell('RefreshToken')
  const { seconds, embedded } = world.options
  using target = await openRefresh(world)
  const samples = [await target.run({ seconds: seconds / 2, warmUpSeconds: 1 })]
  const signatures = await runLimit(world, 'raw ES256 signatures', 'raw-signatures.ts', [])
  const transactions =
    embedded || world.database.url === undefined
      ? undefined
      : await runLimit(world, 'raw transactions', 'raw-transactions.ts', [
          world.database.url,
          String(poolSize),
          String(inFlight),
        ])
  samples.push(await target.run({ seconds: seconds / 2, warmUpSeconds: 0.3 }))
  const figure = toFigure(`RefreshToken, ${inFlight} in flight`, samples)
  return [
    beside(figure, transactions ?? signatures),
    ...(transactions
      ? [{ ...transactions, name: `${transactions.name}: begin, update, commit, pool of ${poolSize}` }]
      : []),
    signatures,
  ]
}

async function runLimit(
  world: World,
  name: string,
  script: string,
  args: readonly string[],
): Promise<Figure> {
  const rate = await runScript<Rate>({
    script: `bench/limits/${script}`,
    args: [String(world.options.seconds / 2), ...args],
    prefix: world.serverPrefix,
  })
  return { name, ...rate }
}

/** Slot s rotates the families s, s + 32, s + 64 … in turn: no family has two calls under way. */
async function openRefresh(world: World): Promise<Target> {
  const families = world.seed.users.map(({ userId, refreshToken }) => ({ userId, refreshToken }))
  const rounds = new Map<number, number>()
  const familyOf = (slot: number) => {
    const perSlot = Math.floor(families.length / inFlight)
    return families[slot + inFlight * ((rounds.get(slot) ?? 0) % perSlot)] ?? { userId: '', refreshToken: '' }
  }
  return await openTarget({
    server: world.service,
    path: '/auth.v1.AuthService/RefreshToken',
    inFlight,
    message: (slot) => {
      rounds.set(slot, (rounds.get(slot) ?? 0) + 1)
      const { refreshToken } = familyOf(slot)
      return toMessage(
        toBinary(RefreshTokenRequestSchema, create(RefreshTokenRequestSchema, { refreshToken })),
      )
    },
    check: (slot, answer) => {
      const family = familyOf(slot)
      const { tokens } = fromBinary(RefreshTokenResponseSchema, answer)
      if (!tokens || tokens.refreshToken === family.refreshToken) throw new Error('the token was not rotated')
      if (toSubject(tokens.accessToken) !== family.userId) throw new Error('the answer names another user')
      family.refreshToken = tokens.refreshToken
    },
  })
}

function toSubject(accessToken: string): string {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string
  }
  return claims.sub
}

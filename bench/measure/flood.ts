import { create, toBinary } from '@bufbuild/protobuf'
import { LoginRequestSchema } from '@immersiverse/auth-contract'
import { beside, type Figure, toFigure } from '../figures.ts'
import { toMessage } from '../load/frames.ts'
import { type LoadConnection, openConnection } from '../load/open-connection.ts'
import type { Sample } from '../load/run-load.ts'
import type { Seed } from '../seed.ts'
import { tell, type World } from '../world.ts'
import { openLogin } from './login.ts'
import type { Target } from './unary-targets.ts'
import { openValidate } from './validate.ts'

/** Few at a time: what is measured is how long one takes, not how many the service can do. */
const inFlight = 4
const timesCapacity = 10
const pauseMs = 10
const turns = 4

/** How long ValidateToken takes while ten times as many log in, with wrong passwords, as can be hashed; beside its quiet time, in turns. */
export async function measureFlood(world: World): Promise<Figure[]> {
  tell('ValidateToken while a login flood lasts')
  const { seconds } = world.options
  const capacity = await measureCapacity(world)
  using validate = await openValidate(world)
  using flood = await openFlood(world, (capacity.perSecond ?? 0) * timesCapacity)
  await validate.run({ seconds: 0.2, warmUpSeconds: 2, inFlight })
  const [quiet, flooded]: [Sample[], Sample[]] = [[], []]
  for (let turn = 0; turn < turns; turn += 1) {
    quiet.push(await validateFor(validate, seconds / turns))
    flood.start()
    flooded.push(await validateFor(validate, seconds / turns))
    flood.stop()
  }
  const limit = toFigure(`ValidateToken, ${inFlight} in flight, quiet`, quiet)
  const figure = beside(toFigure(`ValidateToken, ${inFlight} in flight, login flood`, flooded), limit)
  const p99Ratio = (figure.p99Ms ?? Number.NaN) / (limit.p99Ms ?? Number.NaN)
  tell(`  p99 while the flood lasts: ${p99Ratio.toFixed(2)} times the quiet one`)
  const perSecond = flood.count() / (seconds + flood.secondsOver)
  const sent: Figure = {
    name: `  logins sent a second, ${timesCapacity} times what can be hashed; p99 ${p99Ratio.toFixed(2)} times`,
    perSecond,
  }
  return [figure, limit, capacity, sent]
}

function validateFor(validate: Target, seconds: number): Promise<Sample> {
  return validate.run({ seconds, warmUpSeconds: 0.5, inFlight })
}

/** Logins a second when as many come as can be hashed. */
async function measureCapacity(world: World): Promise<Figure> {
  using target = await openLogin(world)
  return toFigure('Login, alone', [await target.run({ seconds: 3, warmUpSeconds: 1, inFlight: 8 })])
}

interface Flood extends Disposable {
  start(): void
  stop(): void
  count(): number
  /** What the warm-ups add to the time of the figures. */
  readonly secondsOver: number
}

/** Sends logins at a steady rate, whatever becomes of them. */
async function openFlood({ service, seed }: World, perSecond: number): Promise<Flood> {
  const connections = await Promise.all(
    Array.from({ length: 8 }, () => openConnection(service.port, '/auth.v1.AuthService/Login')),
  )
  const messages = toWrongLogins(seed)
  let timer: NodeJS.Timeout | undefined
  let sent = 0
  let owed = 0
  let lastMs = 0
  const send = () => {
    const nowMs = performance.now()
    owed += ((nowMs - lastMs) / 1000) * perSecond
    lastMs = nowMs
    for (; owed >= 1; owed -= 1) {
      const connection = connections[sent % connections.length] as LoadConnection
      connection.call(messages[sent % messages.length] as Buffer, () => undefined)
      sent += 1
    }
  }
  const stop = () => clearInterval(timer)
  return {
    start: () => {
      lastMs = performance.now()
      timer = setInterval(send, pauseMs)
    },
    stop,
    count: () => sent,
    secondsOver: 0.5 * turns,
    [Symbol.dispose]: () => {
      stop()
      for (const connection of connections) connection.close()
    },
  }
}

function toWrongLogins({ logins }: Seed): Buffer[] {
  return logins.map(({ identifier }) => {
    const client = { clientId: 'web', deviceName: 'bench' }
    const request = create(LoginRequestSchema, { identifier, password: 'a wrong password', client })
    return toMessage(toBinary(LoginRequestSchema, request))
  })
}

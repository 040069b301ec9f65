import { setTimeout as sleep } from 'node:timers/promises'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ValidateTokenRequestSchema, ValidateTokenResponseSchema } from '@immersiverse/auth-contract'
import { beside, type Figure, toFigure } from '../figures.ts'
import { toMessage } from '../load/frames.ts'
import type { Sample } from '../load/run-load.ts'
import type { SeededUser } from '../seed.ts'
import { tell, type World } from '../world.ts'
import { echoName, openEchoTarget, startEcho } from './echo.ts'
import { openTarget, runInTurns, type Target } from './unary-targets.ts'

const inFlight = 64
const queriedInFlight = [2, 64, 512]
/** Every answer must be `valid`; one in so many is decoded and its user compared. */
const sampleEvery = 64

/** ValidateToken, a call per token, beside a server that only echoes. */
export async function measureValidate(world: World): Promise<Figure[]> {
  tell('ValidateToken: unary calls')
  using validate = await openValidate(world)
  const message = toQuestion(world.seed.users[0] as SeededUser)
  const answerBytes = await validate.findAnswerBytes()
  await using server = await startEcho(world, answerBytes)
  using echo = await openEchoTarget(server, { inFlight, message, answerBytes })
  const [echoed = [], validated = []] = await runInTurns([echo, validate], world.options.seconds)
  const limit = toFigure(`${echoName}, ${inFlight} in flight`, echoed)
  const figure = beside(toFigure(`ValidateToken, unary, ${inFlight} in flight`, validated), {
    ...limit,
    name: echoName,
  })
  return [figure, limit, ...(await measureQueries(world, validate))]
}

/** Queries a second at low and high load, those of the idle service apart: they must not grow with calls. */
async function measureQueries(world: World, validate: Target): Promise<Figure[]> {
  const seconds = Math.max(1, world.options.seconds / 3)
  const idle = await countQueries(world, () => sleep(seconds * 1000).then(() => undefined))
  const figures: Figure[] = []
  for (const at of queriedInFlight) {
    const counted = await countQueries(world, () => validate.run({ seconds, warmUpSeconds: 0, inFlight: at }))
    const calls = counted.sample ? (toFigure('', [counted.sample]).perSecond ?? 0) : 0
    const name = `  look-ups at ${at} in flight, ${Math.round(calls).toLocaleString('en')} calls/s`
    figures.push({ name, perSecond: counted.perSecond - idle.perSecond })
  }
  return figures
}

async function countQueries(world: World, work: () => Promise<Sample | undefined>) {
  const before = await readQueryCount(world.adminPort)
  const startMs = performance.now()
  const sample = await work()
  const seconds = (performance.now() - startMs) / 1000
  return { sample, perSecond: ((await readQueryCount(world.adminPort)) - before) / seconds }
}

async function readQueryCount(adminPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`)
  const [, count] = /^auth_database_queries (\S+)$/m.exec(await response.text()) ?? []
  if (count === undefined) throw new Error('the service does not tell auth_database_queries')
  return Number(count)
}

/** ValidateToken for every seeded user in turn, each answer checked. */
export async function openValidate(world: World): Promise<Target & { findAnswerBytes(): Promise<number> }> {
  const { users } = world.seed
  const messages = users.map(toQuestion)
  const asked = new Map<number, number>()
  let next = 0
  let answered = 0
  let answerBytes = 0
  const target = await openTarget({
    server: world.service,
    path: '/auth.v1.AuthService/ValidateToken',
    inFlight,
    message: (slot) => {
      const place = next++ % users.length
      asked.set(slot, place)
      return messages[place] as Buffer
    },
    check: (slot, answer) => {
      answerBytes = answer.length
      if (answer[0] !== 0x08 || answer[1] !== 1) throw new Error('a valid token was refused')
      if (answered++ % sampleEvery === 0) assertUser(answer, users[asked.get(slot) ?? 0] as SeededUser)
    },
  })
  const findAnswerBytes = async () => {
    await target.run({ seconds: 0.2, warmUpSeconds: 0.5 })
    return answerBytes
  }
  return { run: target.run, [Symbol.dispose]: target[Symbol.dispose], findAnswerBytes }
}

function toQuestion({ accessToken }: SeededUser): Buffer {
  return toMessage(toBinary(ValidateTokenRequestSchema, create(ValidateTokenRequestSchema, { accessToken })))
}

function assertUser(answer: Buffer, user: SeededUser): void {
  const { valid, principal } = fromBinary(ValidateTokenResponseSchema, answer)
  if (!valid || principal?.userId !== user.userId) throw new Error('the answer names another user')
}

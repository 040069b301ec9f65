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
const lowInFlight = 2
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

/** Look-ups a second at low and high load: queries must not grow with calls. */
async function measureQueries(world: World, validate: Target): Promise<Figure[]> {
  if (world.database.url === undefined) return []
  const figures: Figure[] = []
  for (const [name, at] of [
    ['low', lowInFlight] as const,
    ['high', inFlight] as const,
    ['higher', inFlight * 8] as const,
  ]) {
    const seconds = Math.max(2, world.options.seconds / 2)
    // PostgreSQL counts a connection's commits once a second: what is counted late at the end was counted late at the start.
    const counted = { before: 0, after: 0 }
    await validate.run({ seconds: 0.1, warmUpSeconds: 1, inFlight: at })
    counted.before = await world.database.countCommits()
    const startMs = performance.now()
    const sample: Sample = await validate.run({ seconds, warmUpSeconds: 0, inFlight: at })
    counted.after = await world.database.countCommits()
    const elapsed = (performance.now() - startMs) / 1000
    const calls = toFigure('', [sample]).perSecond
    const perSecond = (counted.after - counted.before) / elapsed
    figures.push({ name: `  look-up queries at ${name} load (${Math.round(calls)} calls/s)`, perSecond })
  }
  return figures
}

async function openValidate(world: World): Promise<Target & { findAnswerBytes(): Promise<number> }> {
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

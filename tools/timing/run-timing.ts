import { RpcError } from '@immersiverse/auth-client'
import {
  type FailedLogin,
  failedLogins,
  type MakeFailedLogin,
} from '../../services/auth/test/failed-logins.ts'
import { openTestAuth, type TestAuth } from '../../services/auth/test/open-test-auth.ts'

/** How much is measured. */
export interface TimingOptions {
  /** Of each class. */
  readonly samples: number
  readonly inFlight: number
  /** What failed logins are made to take; the service's own is 150 ms. */
  readonly floorMs: number
  /** PostgreSQL; without it the embedded database. */
  readonly databaseUrl?: string
  /** Between 0 and 1. */
  readonly random: () => number
}

/** Milliseconds that each call took, by its class. */
export type Timings = Readonly<Record<string, readonly number[]>>

/** Accounts of each class: one alone would make each of its attempts wait for the one before. */
const accountsPerClass = 16

/**
 * Fails logins of all classes over gRPC, in an order drawn by chance so that whatever else the machine does falls on all of them, at
 * hashing of the tests' cost. Rejects where one does not fail.
 */
export async function runTiming(options: TimingOptions): Promise<Timings> {
  const { databaseUrl, floorMs } = options
  await using auth = await openTestAuth({
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    environment: toLimits(options),
    overrides: { settings: { loginFloorMs: floorMs }, passwords: { runOn: 'threads', concurrency: 1 } },
  })
  const attempts = await makeAttempts(auth, failedLogins)
  const timings = Object.fromEntries(Object.keys(attempts).map((name) => [name, [] as number[]]))
  const order = drawOrder(Object.keys(attempts), options)
  let next = 0
  const run = async () => {
    for (let place = next++; place < order.length; place = next++) {
      const name = order[place] as string
      const asked = attempts[name]?.[place % accountsPerClass]
      if (asked === undefined) throw new Error(`no accounts for ${name}`)
      timings[name]?.push(await measure(auth, asked))
    }
  }
  await Promise.all(Array.from({ length: options.inFlight }, run))
  return timings
}

/** Only the accounts that are to be locked reach a limit; all limits are there, as counting is a part of what is measured. */
function toLimits({ samples }: TimingOptions): Record<string, string> {
  // Accounts of a class are drawn by chance: none comes up twice as often as the others.
  const ofAccount = 2 * Math.ceil(samples / accountsPerClass) + 20
  return { AUTH_LOGIN_ATTEMPTS: `${ofAccount}/1d`, AUTH_LOGIN_FAILURES: '1000000/1d' }
}

async function makeAttempts(auth: TestAuth, kinds: Readonly<Record<string, MakeFailedLogin>>) {
  const made = Object.entries(kinds).map(async ([name, make]) => {
    const attempts = await Promise.all(Array.from({ length: accountsPerClass }, () => make(auth)))
    return [name, attempts] as const
  })
  return Object.fromEntries(await Promise.all(made))
}

/** Every class so many times, in rounds that have each of them once, in an order of its own each. */
function drawOrder(names: readonly string[], { random, samples }: TimingOptions): string[] {
  return Array.from({ length: samples }, () => {
    const drawn = names.map((name) => ({ name, rank: random() }))
    return drawn.sort((a, b) => a.rank - b.rank).map(({ name }) => name)
  }).flat()
}

async function measure(auth: TestAuth, { identifier, password, reason: expected }: FailedLogin) {
  const startMs = performance.now()
  const reason = await auth.auth.login({ identifier, password }).then(
    () => 'OK',
    (error: unknown) => (error instanceof RpcError ? error.reason : String(error)),
  )
  const tookMs = performance.now() - startMs
  if (reason !== expected) throw new Error(`${identifier} got ${reason} and not ${expected}`)
  return tookMs
}

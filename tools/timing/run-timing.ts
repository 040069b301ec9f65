import { failedLogins, type MakeFailedLogin } from '../../services/auth/test/failed-logins.ts'
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

async function measure(auth: TestAuth, { identifier, password }: { identifier: string; password: string }) {
  const startMs = performance.now()
  const outcome = await auth.auth.login({ identifier, password }).then(
    () => 'OK',
    () => 'refused',
  )
  const tookMs = performance.now() - startMs
  if (outcome === 'OK') throw new Error(`${identifier} could log in`)
  return tookMs
}

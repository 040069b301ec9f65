import { makeCredentials } from '../load/person.ts'
import type { Random } from '../make-random.ts'
import type { Replica } from '../world/world.ts'

/** Logins, one after the other in each of so many places, until closed. */
export interface LoginLoad {
  /** How long each login took since the last look, in milliseconds. */
  takeLatencies(): number[]
  /** Logins that were not answered OK, as their errors tell. */
  readonly failures: readonly string[]
  close(): Promise<void>
}

const people = 64

/** Signs people up and begins to log them in, `inFlight` at a time. */
export async function openLoginLoad(
  replicas: readonly Replica[],
  random: Random,
  inFlight: number,
): Promise<LoginLoad> {
  const credentials = Array.from({ length: people }, makeCredentials)
  for (const { username, password } of credentials) {
    const { users } = random.pick(replicas).direct
    await users.createUser({ username, password, email: `${username}@example.org` })
  }
  const failures: string[] = []
  const latenciesMs: number[] = []
  let isOver = false
  const logInOn = async () => {
    while (!isOver) {
      const { username: identifier, password } = random.pick(credentials)
      const begunAtMs = performance.now()
      await random
        .pick(replicas)
        .direct.auth.login({ identifier, password, client: { clientId: 'chaos' } })
        .then(
          () => latenciesMs.push(performance.now() - begunAtMs),
          (error) => failures.push(String(error)),
        )
    }
  }
  const running = Promise.all(Array.from({ length: inFlight }, logInOn))
  return {
    takeLatencies: () => latenciesMs.splice(0),
    failures,
    async close() {
      isOver = true
      await running
    },
  }
}

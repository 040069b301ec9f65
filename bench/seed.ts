import { openService } from '../services/auth/src/compose.ts'
import { type Config, readConfig } from '../services/auth/src/config.ts'
import type { Deps, Log } from '../services/auth/src/deps.ts'
import type { Caller } from '../services/auth/src/domain/caller.ts'
import type { PasswordOptions } from '../services/auth/src/security/passwords.ts'
import { createUser } from '../services/auth/src/use-cases/create-user.ts'
import { login } from '../services/auth/src/use-cases/login.ts'

/** A person with a session. */
export interface SeededUser {
  readonly userId: string
  readonly accessToken: string
  readonly refreshToken: string
}

/** A person whose password has the service's full cost. */
export interface Credentials {
  readonly userId: string
  readonly identifier: string
  readonly password: string
}

/** Whom the load acts for. */
export interface Seed {
  readonly users: readonly SeededUser[]
  readonly logins: readonly Credentials[]
}

const userCount = 1000
const loginCount = 16
const password = 'a password for the bench'
const caller: Caller = { kind: 'service', id: 'bench', origin: { ip: '127.0.0.1', userAgent: 'bench' } }

/** Makes users and sessions with the service's own use-cases; sessions with cheap hashes, which their tokens do not show. */
export async function seed(environment: NodeJS.ProcessEnv): Promise<Seed> {
  const config = readConfig(environment)
  const users = await seedUsers(environment, userCount)
  const logins = await withDeps(config, {}, (deps) =>
    inParallel(loginCount, (place) => signUp(deps, `person${place}`)),
  )
  return { users, logins }
}

/** Makes so many users with a session each. */
export async function seedUsers(environment: NodeJS.ProcessEnv, count: number): Promise<SeededUser[]> {
  const cheap = { memoryKib: 8, passes: 1, runOn: 'process' } as const
  return await withDeps(readConfig(environment), cheap, (deps) =>
    inParallel(count, (place) => signIn(deps, `user${place}`)),
  )
}

const log: Log = { info: () => undefined, warn: () => undefined, error: console.error }

async function withDeps<T>(
  config: Config,
  passwords: Partial<PasswordOptions>,
  work: (deps: Deps) => Promise<T>,
): Promise<T> {
  const service = await openService(config, log, { passwords })
  try {
    return await work(service.deps)
  } finally {
    await service.close(1000)
  }
}

async function signUp(deps: Deps, username: string): Promise<Credentials> {
  const input = {
    username,
    email: `${username}@bench.example`,
    password,
    displayName: username,
    requestId: '',
  }
  const user = await createUser(deps, caller, input)
  return { userId: user.id, identifier: username, password }
}

async function signIn(deps: Deps, username: string): Promise<SeededUser> {
  const { userId, identifier } = await signUp(deps, username)
  const client = { clientId: 'web', deviceName: 'bench' }
  const { tokens } = await login(deps, caller, { identifier, password, client })
  return { userId, accessToken: tokens.accessToken, refreshToken: tokens.refreshToken }
}

async function inParallel<T>(count: number, make: (place: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  let next = 0
  const run = async () => {
    for (let place = next++; place < count; place = next++) made[place] = await make(place)
  }
  await Promise.all(Array.from({ length: 8 }, run))
  return made
}

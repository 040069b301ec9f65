import { randomBytes } from 'node:crypto'
import type { Client } from '@grpc/grpc-js'
import { type GrpcClientOf, makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import {
  AuditService,
  AuthService,
  EventService,
  PlatformAccountService,
  type TokenPair,
  type User,
  UserService,
} from '@immersiverse/auth-contract'
import { type Overrides, openService, type Service } from '../src/compose.ts'
import { readConfig } from '../src/config.ts'
import type { Deps, Log } from '../src/deps.ts'
import type { Database } from '../src/store/database.ts'
import { migrate } from '../src/store/migrate.ts'
import { openPglite } from '../src/store/pglite.ts'

/** Someone who has signed up. */
export interface Person {
  readonly user: User
  readonly id: string
  readonly username: string
  readonly email: string
  readonly password: string
}

/** What a test may say differently. */
export interface TestAuthOptions {
  /** PostgreSQL; without it an embedded database in memory. */
  readonly databaseUrl?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly overrides?: Overrides
  /** What the service logs to; without it, `logged` keeps it. */
  readonly log?: Log
}

/** Clients of one instance of the service. */
export interface TestClients {
  readonly address: string
  readonly channel: Client
  readonly auth: GrpcClientOf<typeof AuthService>
  readonly users: GrpcClientOf<typeof UserService>
  readonly events: GrpcClientOf<typeof EventService>
  readonly audit: GrpcClientOf<typeof AuditService>
  readonly platforms: GrpcClientOf<typeof PlatformAccountService>
  signUp(wishes?: { username?: string; email?: string; password?: string }): Promise<Person>
  logIn(person: Person, clientId?: string): Promise<TokenPair>
}

/** The whole service in this process, and clients that speak gRPC to it. */
export interface TestAuth extends TestClients, AsyncDisposable {
  readonly service: Service
  readonly deps: Deps
  readonly database: Database
  /** What the service has logged. */
  readonly logged: { readonly facts: Record<string, unknown>; readonly message: string }[]
  close(): Promise<void>
}

/** 32 bytes that replicas of one test share. */
export const testMasterKey = Buffer.alloc(32, 7).toString('base64')

/** The least that Argon2 takes: tests are about everything else. */
export const cheapPasswords = Object.freeze({
  memoryKib: 8,
  passes: 1,
  concurrency: 4,
  queueLength: 10_000,
  runOn: 'process',
} as const)

/** A name that no other test has. */
export function toUniqueName(stem = 'u'): string {
  return `${stem}${randomBytes(6).toString('hex')}`
}

/** Opens the service as `main.ts` does, on ports of its own. */
export async function openTestAuth(options: TestAuthOptions = {}): Promise<TestAuth> {
  const logged: TestAuth['logged'] = []
  const config = readConfig(toEnvironment(options))
  const isEmbedded = options.databaseUrl === undefined && options.overrides?.database === undefined
  const overrides: Overrides = {
    ...(isEmbedded ? { database: await openMigratedPglite() } : {}),
    ...options.overrides,
    passwords: { ...cheapPasswords, ...options.overrides?.passwords },
    settings: { loginFloorMs: 0, refreshFloorMs: 0, ...options.overrides?.settings },
  }
  const service = await openService(config, options.log ?? makeMemoryLog(logged), overrides)
  const address = `127.0.0.1:${service.grpcPort}`
  const { close: disconnect, ...clients } = connect(address)
  const close = async () => {
    disconnect()
    await service.close(500)
  }
  const parts = { service, deps: service.deps, database: service.deps.database, logged }
  return { ...parts, ...clients, close, [Symbol.asyncDispose]: close }
}

function toEnvironment({ databaseUrl, environment }: TestAuthOptions): NodeJS.ProcessEnv {
  return {
    AUTH_MASTER_KEY: testMasterKey,
    AUTH_GRPC_LISTEN: '127.0.0.1:0',
    AUTH_EDGE_LISTEN: '127.0.0.1:0',
    AUTH_ADMIN_LISTEN: '127.0.0.1:0',
    AUTH_DATABASE_POOL: '20',
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    ...environment,
  }
}

function makeMemoryLog(lines: TestAuth['logged']): Log {
  const keep = (facts: object, message: string) => {
    lines.push({ facts: facts as Record<string, unknown>, message })
  }
  return { info: keep, warn: keep, error: keep }
}

/** Makes the clients of an instance that listens at `address`. */
export function connect(address: string): TestClients & { close(): void } {
  const channel = openChannel({ address })
  const options = { deadlineMs: 30_000 }
  const clients = {
    auth: makeGrpcClient(AuthService, channel, options),
    users: makeGrpcClient(UserService, channel, options),
    events: makeGrpcClient(EventService, channel, options),
    audit: makeGrpcClient(AuditService, channel, options),
    platforms: makeGrpcClient(PlatformAccountService, channel, options),
  }
  return { address, channel, ...clients, ...makePeople(clients), close: () => channel.close() }
}

/** Sign-up and log-in over the same clients that tests use. */
function makePeople({ auth, users }: Pick<TestAuth, 'auth' | 'users'>): Pick<TestAuth, 'signUp' | 'logIn'> {
  return {
    async signUp(wishes = {}) {
      const username = wishes.username ?? toUniqueName()
      const email = wishes.email ?? `${username}@example.org`
      const password = wishes.password ?? 'correct horse battery staple'
      const { user } = await users.createUser({ username, email, password })
      if (user === undefined) throw new Error('CreateUser answered without a user')
      return { user, id: user.id, username, email, password }
    },
    async logIn(person, clientId = 'web') {
      const client = { clientId, deviceName: 'test' }
      const { tokens } = await auth.login({ identifier: person.username, password: person.password, client })
      if (tokens === undefined) throw new Error('Login answered without tokens')
      return tokens
    },
  }
}

let dump: Promise<Blob> | undefined

/** A migrated embedded database in memory; all but a process's first are loaded from a dump of it, in a quarter of the time. */
async function openMigratedPglite(): Promise<Database> {
  if (dump !== undefined) return await openPglite({ loadDataDir: await dump })
  const first = makeMigratedPglite()
  dump = first.then((database) => database.dump())
  await dump
  return await first
}

async function makeMigratedPglite() {
  const database = await openPglite({})
  await migrate(database)
  return database
}

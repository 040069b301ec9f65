import assert from 'node:assert/strict'
import type { TokenPair } from '@immersiverse/auth-contract'
import { createTestDatabase } from '../../../tools/parts/create-test-database.ts'
import type { Caller } from '../src/domain/caller.ts'
import type { KeyTimes } from '../src/domain/key-life.ts'
import { listKeys } from '../src/use-cases/list-keys.ts'
import { openTestAuth, type TestAuth, type TestAuthOptions } from './open-test-auth.ts'

/** A key's life in seconds: a planned key signs after 2,400 ms. */
export const shortTimes: KeyTimes = Object.freeze({
  rotationMs: Number.POSITIVE_INFINITY,
  publishedMaxAgeMs: 1_000,
  ringMaxAgeMs: 400,
  ringPollMs: 40,
  rotationCheckMs: 40,
  skewMs: 200,
  accessTtlMs: 600_000,
  refreshMaxMs: 90 * 86_400_000,
})

/** An instance that reads keys only when it has to, as one whose polling is late. */
export const lateTimes: KeyTimes = Object.freeze({
  ...shortTimes,
  ringMaxAgeMs: 30_000,
  ringPollMs: 3_600_000,
})

/** Who turns keys in tests. */
export const operator: Caller = Object.freeze({
  kind: 'service',
  id: 'authctl',
  origin: Object.freeze({ ip: '', userAgent: 'authctl' }),
})

/** Instances on one PostgreSQL, and what a test asks of them. */
export interface KeyReplicas extends AsyncDisposable {
  readonly first: TestAuth
  readonly second: TestAuth
  readonly both: readonly [TestAuth, TestAuth]
  /** One more instance on the same database. */
  open(options: KeyReplicaOptions): Promise<TestAuth>
}

/** What one instance does differently. */
export interface KeyReplicaOptions {
  readonly times?: KeyTimes
  readonly environment?: TestAuthOptions['environment']
}

/** Opens two instances of the service on a PostgreSQL database of their own. */
export async function openKeyReplicas(
  first: KeyReplicaOptions = {},
  second: KeyReplicaOptions = {},
): Promise<KeyReplicas> {
  await using stack = new AsyncDisposableStack()
  const database = await createTestDatabase()
  if ('skipReason' in database) throw new Error(database.skipReason)
  stack.defer(() => database.close())
  const open = async ({ times = shortTimes, environment = {} }: KeyReplicaOptions) => {
    const overrides = { settings: { keyTimes: times } }
    return await openTestAuth({ databaseUrl: database.url, environment, overrides })
  }
  const one = stack.use(await open(first))
  const other = stack.use(await open(second))
  const opened = stack.move()
  return {
    first: one,
    second: other,
    both: [one, other],
    open,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The `kid` in a token's header. */
export function readKeyId({ accessToken }: Pick<TokenPair, 'accessToken'>): string {
  return readHeader(accessToken).kid
}

/** A token's header, whatever its signature. */
export function readHeader(accessToken: string): { readonly kid: string; readonly alg: string } {
  return JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString())
}

/** The `kid`s that an instance publishes now. */
export async function readPublished({ auth }: Pick<TestAuth, 'auth'>): Promise<string[]> {
  const { jwksJson } = await auth.getSigningKeys({})
  return JSON.parse(jwksJson).keys.map(({ kid }: { kid: string }) => kid)
}

/** The signing key that is current by the database's clock. */
export async function getCurrentKeyId({ deps }: Pick<TestAuth, 'deps'>): Promise<string> {
  const keys = await listKeys(deps)
  const current = keys.filter(({ purpose, state }) => purpose === 'signing' && state === 'CURRENT')
  assert.equal(current.length, 1)
  return current[0]?.id ?? ''
}

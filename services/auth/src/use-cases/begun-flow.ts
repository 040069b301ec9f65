import { createHash } from 'node:crypto'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import { makeFlow } from '../platforms/make-flow.ts'
import type { Platform, PlatformFlow } from '../platforms/platform.ts'
import {
  type BegunConnection,
  type ConnectionLookup,
  insertConnection,
  takeConnection,
  trimConnections,
} from '../store/platform-connections.ts'
import { toAddressCounts } from './to-counted.ts'

/** Where the person goes, and what comes back with them. */
export interface Begun {
  readonly authorizationUrl: string
  readonly state: string
  readonly expiresAt: Date
}

/** Of a user the newest so many serve: more tabs than anybody has open, few enough to be no load. */
const flowsOfUser = 20

type FlowDeps = Pick<Deps, 'database' | 'seal' | 'settings'>

/** What is begun, and for whom. */
export interface FlowWishes {
  readonly purpose: 'CONNECT' | 'LOGIN'
  readonly userId?: UserId
  readonly redirectUri: string
  /** What the browser will show beside the state. */
  readonly proof?: string
}

/**
 * Begins a flow: notes it, and says where the person goes. Whoever asks is counted by address, for each flow is a row until it is over.
 * @throws AuthError TOO_MANY_PLATFORM_FLOWS, DATABASE_UNAVAILABLE.
 */
export async function beginFlow(
  deps: FlowDeps & Pick<Deps, 'throttle'>,
  caller: Caller,
  platform: Platform,
  wishes: FlowWishes,
): Promise<Begun> {
  await deps.throttle.begin('TOO_MANY_PLATFORM_FLOWS', toAddressCounts(caller, 'platform_flow_address'))
  const flow = makeFlow(wishes.redirectUri)
  const authorizationUrl = await platform.toAuthorizationUrl(flow)
  const stateHash = toHash(flow.state)
  const { nonce, codeVerifier } = flow
  const secrets = Buffer.from(JSON.stringify({ nonce, codeVerifier }))
  const begun: BegunConnection = {
    stateHash,
    purpose: wishes.purpose,
    userId: wishes.userId,
    platform: platform.facts.name,
    redirectUri: wishes.redirectUri,
    sealed: deps.seal.seal(secrets, toFlowContext(stateHash)),
    proofHash: wishes.proof === undefined ? undefined : toHash(wishes.proof),
  }
  const { kysely } = deps.database
  if (begun.userId !== undefined) await trimConnections(kysely, begun.userId, flowsOfUser - 1)
  const expiresAt = await insertConnection(kysely, begun, deps.settings.platforms.times.stateMs)
  return { authorizationUrl, state: flow.state, expiresAt }
}

/** A flow that was taken: nobody else has it. */
export interface TakenFlow {
  readonly flow: PlatformFlow
  readonly platform: string
  readonly userId: UserId | undefined
}

/** Takes a flow by its state, once. Throws AuthError PLATFORM_STATE_INVALID, whatever is wrong with it. */
export async function takeFlow(
  deps: FlowDeps,
  state: string,
  lookup: Omit<ConnectionLookup, 'stateHash' | 'proofHash'> & { readonly proof?: string },
): Promise<TakenFlow> {
  const { proof, ...wanted } = lookup
  const stateHash = toHash(state)
  const proofHash = proof === undefined ? {} : { proofHash: toHash(proof) }
  const begun = await takeConnection(deps.database.kysely, { ...wanted, ...proofHash, stateHash })
  if (begun === undefined) throw new AuthError('PLATFORM_STATE_INVALID')
  const secrets = deps.seal.unseal(begun.sealed, toFlowContext(stateHash))
  const { nonce, codeVerifier } = JSON.parse(Buffer.from(secrets).toString())
  const { platform, redirectUri, userId } = begun
  return { flow: { state, nonce, codeVerifier, redirectUri }, platform, userId }
}

/** What the secrets of a flow are bound to. */
export function toFlowContext(stateHash: Uint8Array): string {
  return `platform connection ${Buffer.from(stateHash).toString('hex')}`
}

/** Random values of 256 bits: a plain hash is enough. */
function toHash(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}

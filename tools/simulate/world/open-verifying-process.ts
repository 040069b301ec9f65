import {
  type Clock,
  type Fallback,
  type Freshness,
  type LocalToken,
  type LocalVerify,
  makeFallback,
  makeFreshness,
  makeLocalVerify,
  makeRevocationView,
  openRevocationFollower,
  type RevocationFollower,
  type RevocationSource,
  type RevocationView,
  type TokenVerifier,
} from '@immersiverse/auth-client/verifier'
import type { ValidateTokenResponse } from '@immersiverse/auth-contract'
import { makeRemoteVerify } from '../../../packages/client/src/grpc/make-remote-verify.ts'
import {
  openSigningKeys,
  type SigningKeysOptions,
} from '../../../packages/client/src/grpc/open-signing-keys.ts'
import type { Principal } from '../../../packages/client/src/principal.ts'
import type { JoinedCalls } from '../../../packages/client/src/verifier/make-joined-calls.ts'
import { makeFastTokenVerifier } from './fast-tokens.ts'
import type { WorldSettings } from './settings.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** What a broken verifier does otherwise. */
export interface VerifierVariant {
  readonly clock?: (clock: Clock) => Clock
  readonly source?: (source: RevocationSource, process: SimulatedProcess) => RevocationSource
  readonly freshness?: (freshness: Freshness) => Freshness
  readonly view?: (view: RevocationView) => RevocationView
  readonly joinCalls?: () => JoinedCalls<Principal>
  readonly refusesUnknownKeys?: boolean
}

/** What a verifying process is made of. */
export interface VerifierParts {
  readonly process: SimulatedProcess
  readonly source: RevocationSource
  /** ValidateToken over the network. */
  readonly ask: (token: string) => Promise<ValidateTokenResponse>
  /** GetSigningKeys over the network. */
  readonly keys: SigningKeysOptions['client']
  readonly settings: WorldSettings
  readonly variant: VerifierVariant
}

/** A process that verifies locally, of the real parts. */
export interface VerifyingProcess {
  readonly process: SimulatedProcess
  readonly follower: RevocationFollower
  readonly fallback: Fallback
  readonly local: LocalVerify
  readonly verifier: TokenVerifier<LocalToken>
}

const deadlineMs = 5000

/** Opens verification in a process as `openLocalVerification` does. */
export function openVerifyingProcess(parts: VerifierParts): VerifyingProcess {
  const { process, settings, variant } = parts
  const { maxStalenessMs, measureEveryMs, viewSkewSeconds } = settings
  const clock = variant.clock?.(process.clock) ?? process.clock
  const makeView = () => makeRevocationView({ skewSeconds: viewSkewSeconds })
  const freshness = makeFreshness({ clock, maxStalenessMs })
  const random = process.random.next
  const follower = openRevocationFollower({
    source: variant.source?.(parts.source, process) ?? parts.source,
    clock,
    random,
    maxStalenessMs,
    measureEveryMs,
    freshness: variant.freshness?.(freshness) ?? freshness,
    makeView: () => variant.view?.(makeView()) ?? makeView(),
  })
  const fallback = makeFallback({
    ask: makeRemoteVerify({ ask: ({ accessToken }) => parts.ask(accessToken) }),
    clock,
    random,
    deadlineMs,
    ...(variant.joinCalls && { joinCalls: variant.joinCalls() }),
  })
  const keys = openSigningKeys({ client: parts.keys, clock, random, logger: { warn: () => undefined } })
  const { issuer, audience, accessTtlMs } = settings.service
  const verifier = makeFastTokenVerifier(accessTtlMs / 1000, keys, variant.refusesUnknownKeys)
  const local = makeLocalVerify({
    verifier,
    revocations: follower,
    fallback: fallback.verify,
    clock,
    issuer,
    audience,
  })
  return { process, follower, fallback, local, verifier }
}

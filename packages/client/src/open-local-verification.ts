import type { Client } from '@grpc/grpc-js'
import { AuthService, type RevocationMark as RevocationMarkMessage } from '@immersiverse/auth-contract'
import type { KafkaOptions } from './events/kafka-options.ts'
import { makeKafkaRevocationSource } from './events/make-kafka-revocation-source.ts'
import { makeGrpcClient } from './grpc/make-grpc-client.ts'
import { makeRevocationSource } from './grpc/make-revocation-source.ts'
import { openSigningKeys, type SigningKeys } from './grpc/open-signing-keys.ts'
import { toRevocationMark } from './grpc/to-revocation.ts'
import type { Logger } from './logger.ts'
import {
  type LocalToken,
  type LocalVerifyCounts,
  type LocalVerifyOptions,
  makeFallback,
  makeLocalVerify,
  makeTokenVerifier,
  openRevocationFollower,
  type RevocationEntry,
  type RevocationFollowerStatus,
  type RevocationMark,
  type RevocationState,
  systemClock,
  type TokenVerifier,
} from './verifier/index.ts'
import type { Verify } from './verify.ts'
import type { VerifyToken } from './verify-token.ts'

/** How local verification does. */
export interface LocalVerificationStatus {
  readonly verification: 'local'
  /** State (FRESH, STALE, UNKNOWN), its reason, age and error, and how far revocations were followed. */
  readonly revocations: RevocationFollowerStatus
  /** How verifications were decided since the start. */
  readonly counts: LocalVerifyCounts
  /** Of the way to ValidateToken. */
  readonly circuit: 'CLOSED' | 'OPEN' | 'HALF_OPEN'
}

/** Verification in process. */
export interface LocalVerification {
  readonly verify: VerifyToken
  /** R and its freshness. */
  readonly revocations: RevocationState
  /** ValidateToken, by the way that verification takes when the view cannot tell. */
  readonly ask: Verify
  status(): LocalVerificationStatus
  /** Resolves once the view is FRESH and the keys are there, or when `signal` aborts. */
  ready(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** What local verification is made of. */
export interface LocalVerificationOptions {
  readonly channel: Client
  /** ValidateToken, for when the view cannot tell. */
  readonly ask: Verify
  readonly maxStalenessMs: number
  readonly deadlineMs: number
  /** Where revocations are followed; undefined: over WatchRevocations. */
  readonly kafka?: KafkaOptions | undefined
  readonly logger: Logger
  /** Told of every revocation that is heard. */
  readonly onEntry: (entry: RevocationEntry) => void
  /** Told when revocations begin to be read anew. */
  readonly onBegin: (epoch: string) => void
}

const rememberedTokens = 65_536
const readyEveryMs = 20

/**
 * Opens verification in process: keys from GetSigningKeys, revocations from WatchRevocations or from Kafka. Until both are there, and whenever the view is
 * not FRESH, tokens are asked about with ValidateToken; where that cannot be reached they are UNAVAILABLE.
 */
export function openLocalVerification(options: LocalVerificationOptions): LocalVerification {
  const { channel, ask, maxStalenessMs, deadlineMs, kafka, logger } = options
  const client = makeGrpcClient(AuthService, channel, { deadlineMs })
  const clock = systemClock
  const keys = openSigningKeys({ client, clock, logger })
  const revocations = openRevocationFollower({
    source: kafka ? makeKafkaRevocationSource({ kafka, client }) : makeRevocationSource(client),
    clock,
    maxStalenessMs,
    logger,
    onEntry: options.onEntry,
    onBegin: options.onBegin,
  })
  const fallback = makeFallback({ ask, clock, deadlineMs })
  const local = makeLocalVerify({
    verifier: makeVerifier(keys),
    revocations,
    fallback: fallback.verify,
    clock,
    // Without the keys' facts no signature is accepted, so nothing is judged by these.
    get issuer() {
      return keys.facts?.issuer ?? ''
    },
    get audience() {
      return keys.facts?.audience ?? ''
    },
    logger,
  })
  return {
    revocations,
    ask: fallback.verify,
    verify: (token, options) => {
      if (options?.atLeast === undefined)
        return local.verify(token, options as LocalVerifyOptions | undefined)
      const atLeast = findReadable(options.atLeast)
      // Of a kind that this version does not know: the service judges by all of them.
      if (atLeast === undefined) return fallback.verify(token, options)
      return local.verify(token, { ...options, atLeast })
    },
    status: () => ({
      verification: 'local',
      revocations: revocations.status(),
      counts: local.counts(),
      circuit: fallback.breaker.state,
    }),
    ready: async (signal) => {
      while (!signal.aborted && (keys.facts === undefined || revocations.status().state !== 'FRESH')) {
        await clock.sleep(readyEveryMs, signal)
      }
    },
    close: async () => {
      await Promise.all([keys.close(), revocations.close()])
    },
  }
}

function findReadable(mark: RevocationMarkMessage): RevocationMark | undefined {
  try {
    return toRevocationMark(mark)
  } catch {
    return undefined
  }
}

/** A verifier of the lifetime that the service states now: entries of revocations are kept for as long, so a longer one is refused. */
function makeVerifier(keys: SigningKeys): TokenVerifier<LocalToken> {
  let lifetime = 0
  let current: TokenVerifier<LocalToken> | undefined
  return {
    verifySignature(token) {
      const stated = keys.facts?.maxLifetimeSeconds ?? 0
      if (current === undefined || stated !== lifetime) {
        lifetime = stated
        const algorithms = ['ES256', 'RS256', 'EdDSA'] as const
        current = makeTokenVerifier<LocalToken>({
          keys,
          algorithms,
          maxLifetimeSeconds: lifetime,
          rememberedTokens,
        })
      }
      return current.verifySignature(token)
    },
  }
}

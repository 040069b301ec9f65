import { create } from '@bufbuild/protobuf'
import {
  GetRevocationSnapshotResponseSchema,
  GetRevocationStatusResponseSchema,
  GetSigningKeysResponseSchema,
  type ValidateTokenResponse,
  ValidateTokenResponseSchema,
  type WatchRevocationsResponse,
  WatchRevocationsResponseSchema,
} from '@immersiverse/auth-contract'
import {
  makeRevocationSource,
  type RevocationCalls,
} from '../../../packages/client/src/grpc/make-revocation-source.ts'
import type { SigningKeysOptions } from '../../../packages/client/src/grpc/open-signing-keys.ts'
import { RpcError, type StatusName } from '../../../packages/client/src/grpc/rpc-error.ts'
import { unavailable } from '../../../packages/client/src/unavailable.ts'
import { AuthError } from '../../../services/auth/src/domain/errors.ts'
import {
  toSigningKeysResponse,
  toValidateTokenResponse,
} from '../../../services/auth/src/rpc/auth-service.ts'
import { toStatusResponse } from '../../../services/auth/src/rpc/revocation-messages.ts'
import { makeSnapshotStream, makeWatchStream } from '../../../services/auth/src/rpc/revocation-streams.ts'
import { getRevocationStatus } from '../../../services/auth/src/use-cases/get-revocation-status.ts'
import type { Validation } from '../../../services/auth/src/use-cases/validate-token.ts'
import { ModelStream, type Tamper } from './model-stream.ts'
import type { Network } from './network.ts'
import type { AuthProcess } from './open-auth-process.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** The ways from a verifying process to the service. */
export interface CallParts {
  readonly network: Network
  readonly from: SimulatedProcess
  /** An instance, as a load balancer picks one for every call; undefined where none runs. */
  readonly pick: () => AuthProcess | undefined
  /** What happens to records on their way. */
  readonly tamper: Tamper<WatchRevocationsResponse>
  /** Validates in the instance, and is recorded there. */
  readonly validate: (auth: AuthProcess, token: string) => Promise<Validation>
}

const deadlineMs = 5000

/** The client's own source of revocations over the simulated network: the messages are the contract's, the stream is a model. */
export function makeModelSource(parts: CallParts) {
  const { from, network, pick, tamper } = parts
  const stream = <T>(
    signal: AbortSignal,
    open: (auth: AuthProcess, signal: AbortSignal) => AsyncIterable<T>,
    change?: Tamper<T>,
  ) => {
    const auth = pick()
    if (auth === undefined) return refusedStream()
    return new ModelStream<T>({
      time: from.time,
      link: network.between(from.name, auth.process.name),
      from,
      to: auth.process,
      open: (aborted) => withStatus(open(auth, aborted)),
      signal,
      ...(change && { tamper: change }),
    })
  }
  const calls = {
    watchRevocations: (
      request: Parameters<RevocationCalls['watchRevocations']>[0],
      { signal = never } = {},
    ) =>
      stream<WatchRevocationsResponse>(
        signal,
        async function* (auth, aborted) {
          const serve = makeWatchStream(auth.watchRevocations)
          for await (const item of serve(request as never, aborted)) {
            yield create(WatchRevocationsResponseSchema, item)
          }
        },
        tamper,
      ),
    getRevocationSnapshot: (
      request: Parameters<RevocationCalls['getRevocationSnapshot']>[0],
      { signal = never } = {},
    ) =>
      stream(signal, async function* (auth, aborted) {
        for await (const item of makeSnapshotStream(auth.deps)(request as never, aborted)) {
          yield create(GetRevocationSnapshotResponseSchema, item)
        }
      }),
    getRevocationStatus: async () => {
      const auth = requireOne(pick())
      return await network.call(from, auth.process, deadlineMs, async () => {
        const status = await withStatusOf(getRevocationStatus(auth.deps))
        return create(GetRevocationStatusResponseSchema, toStatusResponse(status))
      })
    },
  }
  return makeRevocationSource(calls as unknown as RevocationCalls)
}

/** GetSigningKeys over the network. */
export function makeModelKeys({ from, network, pick }: CallParts): SigningKeysOptions['client'] {
  const getSigningKeys = async () => {
    const auth = requireOne(pick())
    return await network.call(from, auth.process, deadlineMs, async () =>
      create(GetSigningKeysResponseSchema, toSigningKeysResponse(auth.deps)),
    )
  }
  return { getSigningKeys } as SigningKeysOptions['client']
}

/** Asks ValidateToken over the network: its answer, or AuthError UNAVAILABLE, as the batching client gives it. */
export function makeModelAsk({ from, network, pick, validate }: CallParts) {
  return async (token: string): Promise<ValidateTokenResponse> => {
    try {
      const auth = requireOne(pick())
      const validation = await network.call(from, auth.process, deadlineMs, () => validate(auth, token))
      return create(ValidateTokenResponseSchema, toValidateTokenResponse(validation))
    } catch (error) {
      throw unavailable('AUTH_UNREACHABLE', 'no answer', error)
    }
  }
}

const never = new AbortController().signal

function requireOne(auth: AuthProcess | undefined): AuthProcess {
  if (auth === undefined) throw new RpcError('UNAVAILABLE', undefined, 'no instance runs')
  return auth
}

function refusedStream() {
  const error = new RpcError('UNAVAILABLE', undefined, 'no instance runs')
  return {
    on: () => undefined,
    cancel: () => undefined,
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
  }
}

async function* withStatus<T>(items: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* items
  } catch (error) {
    throw toRpcError(error)
  }
}

async function withStatusOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw toRpcError(error)
  }
}

/** As a client sees what the service throws: the status of its reason. */
function toRpcError(error: unknown): RpcError {
  const reason = error instanceof AuthError ? error.reason : 'INTERNAL'
  const code: StatusName =
    reason === 'REVOCATIONS_NOT_KEPT'
      ? 'OUT_OF_RANGE'
      : reason === 'DATABASE_UNAVAILABLE'
        ? 'UNAVAILABLE'
        : 'INTERNAL'
  return new RpcError(code, reason, reason, { cause: error })
}

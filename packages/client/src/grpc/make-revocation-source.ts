import { setImmediate as nextTurn } from 'node:timers/promises'
import { timestampDate } from '@bufbuild/protobuf/wkt'
import type { AuthService, RevocationChunk } from '@immersiverse/auth-contract'
import {
  type Heartbeat,
  type Revocation,
  RevocationDoubt,
  type RevocationSource,
  type RevocationStatus,
  type SnapshotPart,
} from '../verifier/revocation.ts'
import { isServiceError } from './is-service-error.ts'
import type { GrpcClientOf } from './make-grpc-client.ts'
import { RpcError, toRpcError } from './rpc-error.ts'
import { toHeartbeat, toPackedEntries, toRevocation, toRevocationEntry } from './to-revocation.ts'

/** The calls that a source makes. */
export type RevocationCalls = Pick<
  GrpcClientOf<typeof AuthService>,
  'watchRevocations' | 'getRevocationSnapshot' | 'getRevocationStatus'
>

/** Makes a source of revocations over gRPC: WatchRevocations, GetRevocationSnapshot, GetRevocationStatus. */
export function makeRevocationSource(client: RevocationCalls): RevocationSource {
  return {
    watch: (from, signal) => watch(client, from, signal),
    snapshot: (signal) => readSnapshot(client, signal),
    status: (signal) => getStatus(client, signal),
  }
}

async function* watch(
  client: RevocationCalls,
  { epoch, afterRseq }: { readonly epoch: string; readonly afterRseq: number },
  signal: AbortSignal,
): AsyncGenerator<Revocation | Heartbeat> {
  const stream = client.watchRevocations({ epoch, afterRseq: BigInt(afterRseq) }, { signal })
  // grpc-js reports our own cancelling as an error, after nobody reads any more.
  stream.on('error', () => undefined)
  try {
    for await (const { item } of stream) {
      if (item.case === 'revocation') yield toRevocation(item.value)
      else if (item.case === 'heartbeat') yield toHeartbeat(item.value)
    }
  } catch (cause) {
    throw toSourceError(cause)
  } finally {
    stream.cancel()
  }
}

async function* readSnapshot(client: RevocationCalls, signal: AbortSignal): AsyncGenerator<SnapshotPart> {
  const stream = client.getRevocationSnapshot({ packed: true }, { signal })
  stream.on('error', () => undefined)
  try {
    for await (const { item } of stream) {
      if (item.case === 'chunk') yield* toParts(item.value)
      else if (item.case === 'end')
        yield { kind: 'end', epoch: item.value.epoch, rseq: Number(item.value.rseq) }
    }
  } catch (cause) {
    throw toSourceError(cause)
  } finally {
    stream.cancel()
  }
}

/** Small ones, between which the process does its other work: a snapshot may have a million entries. */
async function* toParts({ entries, packed }: RevocationChunk): AsyncGenerator<SnapshotPart> {
  if (entries.length > 0) yield { kind: 'entries', entries: entries.map(toRevocationEntry) }
  for (const pack of packed) {
    await nextTurn()
    yield { kind: 'entries', entries: toPackedEntries(pack) }
  }
  await nextTurn()
}

async function getStatus(client: RevocationCalls, signal: AbortSignal): Promise<RevocationStatus> {
  const { epoch, rseqHi, databaseTime } = await client.getRevocationStatus({}, { signal })
  if (databaseTime === undefined) throw new RevocationDoubt('UNREADABLE_RECORD', 'a status without a time')
  return { epoch, rseqHi: Number(rseqHi), databaseTime: timestampDate(databaseTime) }
}

function toSourceError(cause: unknown): unknown {
  const error = isServiceError(cause) ? toRpcError(cause) : cause
  if (error instanceof RpcError && error.code === 'OUT_OF_RANGE') {
    return new RevocationDoubt('OUT_OF_RANGE', error.message, { cause: error })
  }
  return error
}

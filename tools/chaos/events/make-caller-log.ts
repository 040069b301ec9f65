import { Metadata } from '@grpc/grpc-js'
import { RpcError } from '@immersiverse/auth-client'
import type { CallOptions } from '@immersiverse/auth-client/grpc'
import { isPassing } from '../load/is-passing.ts'
import type { Attempt, Operation } from './operation.ts'

/** A call that is written down: what it is given is sent with the call's options. */
export type Recorded = <T>(call: (options: CallOptions) => Promise<T>) => Promise<T>

/** What all callers asked for, and what they were answered. */
export interface CallerLog {
  readonly operations: readonly Operation[]
  /** When the answer that named a revocation arrived, by its id. */
  readonly revokedAtMs: ReadonlyMap<string, number>
  /** Begins an operation; each use of the result is an attempt of it. */
  begin(operation: Omit<Operation, 'attempts'>): Recorded
}

/** Makes an empty log. `wallMs` is the machine's wall clock, which the database shares. */
export function makeCallerLog(wallMs: () => number): CallerLog {
  const operations: Operation[] = []
  const revokedAtMs = new Map<string, number>()
  const begin: CallerLog['begin'] = (wanted) => {
    const operation: Operation = { ...wanted, attempts: [] }
    const traceId = operations.push(operation).toString(16).padStart(32, '0')
    return async (call) => {
      const attempt: Attempt = {
        traceparent: `00-${traceId}-${(operation.attempts.length + 1).toString(16).padStart(16, '0')}-01`,
        startedAtMs: wallMs(),
        endedAtMs: undefined,
        outcome: undefined,
      }
      operation.attempts.push(attempt)
      const metadata = new Metadata()
      metadata.set('traceparent', attempt.traceparent)
      try {
        const answer = await call({ metadata })
        attempt.outcome = 'OK'
        for (const id of listRevocations(answer)) revokedAtMs.set(id, wallMs())
        return answer
      } catch (error) {
        if (error instanceof RpcError && !isPassing(error)) attempt.outcome = error.reason ?? error.code
        throw error
      } finally {
        attempt.endedAtMs = wallMs()
      }
    }
  }
  return { operations, revokedAtMs, begin }
}

function listRevocations(answer: unknown): string[] {
  const { revocation } = answer as { revocation?: { entries: readonly { eventId: string }[] } }
  return revocation?.entries.map(({ eventId }) => eventId) ?? []
}

import type { IncomingHttpHeaders } from 'node:http2'

const timeout = /^(\d{1,8})([HMSmun])$/
const unitsMs: Readonly<Record<string, number>> = Object.freeze({
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
})

/**
 * How long a unary call may take from now on, in milliseconds: what its `grpc-timeout` says (gRPC over HTTP/2), at most the cap, and the
 * default where it says nothing. Undefined where it says what is no time-out.
 */
export function capDeadline(
  headers: Readonly<IncomingHttpHeaders>,
  {
    defaultDeadlineMs,
    maxDeadlineMs,
  }: { readonly defaultDeadlineMs: number; readonly maxDeadlineMs: number },
): number | undefined {
  const text = headers['grpc-timeout']
  if (text === undefined) return defaultDeadlineMs
  const [, count, unit = ''] = timeout.exec(String(text)) ?? []
  const unitMs = unitsMs[unit]
  if (count === undefined || unitMs === undefined) return undefined
  return Math.min(Math.ceil(Number(count) * unitMs), maxDeadlineMs)
}

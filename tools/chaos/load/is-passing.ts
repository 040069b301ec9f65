import type { RpcError } from '@immersiverse/auth-client'

/** What a call may end with although nothing is wrong with what it asked. */
const passing = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED', 'INTERNAL', 'UNKNOWN', 'ABORTED'])

/** Whether a call ended without an answer to what it asked: it may have taken effect, or still will. */
export function isPassing({ code }: RpcError): boolean {
  return passing.has(code)
}

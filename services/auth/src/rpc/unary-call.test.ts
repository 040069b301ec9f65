import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { AuthService } from '@immersiverse/auth-contract'
import { noProxies } from '../domain/trusted-proxies.ts'
import { makeCallsInFlight } from './calls-in-flight.ts'
import { makeRawUnaryCall } from './unary-call.ts'

/** Hands a call over as grpc-js does when all of the request has come; says whether its work was begun. */
async function isBegun(call: { readonly cancelled: boolean; readonly deadline: number }): Promise<boolean> {
  let begun = false
  const raw = {
    read: (bytes: Buffer) => bytes,
    answer: async () => {
      begun = true
      return new Uint8Array()
    },
  }
  const clock = { now: () => new Date(), monotonicMs: () => performance.now(), sleep: async () => {} }
  const caller = { kind: 'service', id: 'test', origin: { ip: '', userAgent: '' } } as const
  const gate = {
    admit: (_call: object, method: string) => ({ caller, method, refusal: undefined, fields: undefined }),
    spend: () => undefined,
    requireFields: () => undefined,
    hold: () => () => undefined,
    setRules: () => undefined,
    review: () => undefined,
  }
  const forwarding = { proxies: noProxies, callers: new Set<string>() }
  const at = { clock, onFinished: () => undefined, calls: makeCallsInFlight(), gate, forwarding }
  const { handler } = makeRawUnaryCall(AuthService.method.validateToken, raw, at)
  const asGiven = {
    cancelled: call.cancelled,
    getDeadline: () => call.deadline,
    getPeer: () => '127.0.0.1:1',
    metadata: new Metadata(),
    request: { message: Buffer.alloc(0) },
  }
  await (handler as (call: object, callback: () => void) => Promise<void>)(asGiven, () => undefined)
  // Nothing is left that a stop would wait for.
  await at.calls.drain()
  return begun
}

test('work is begun while somebody waits for it, and not after its deadline or for a caller that has gone', async () => {
  const later = Date.now() + 60_000
  assert.equal(await isBegun({ cancelled: false, deadline: later }), true)
  assert.equal(await isBegun({ cancelled: false, deadline: Number.POSITIVE_INFINITY }), true)
  assert.equal(await isBegun({ cancelled: false, deadline: Date.now() - 1 }), false)
  assert.equal(await isBegun({ cancelled: true, deadline: later }), false)
})

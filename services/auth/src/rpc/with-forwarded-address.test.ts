import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import type { Caller } from '../domain/caller.ts'
import { makeTrustedProxies } from '../security/trusted-proxies.ts'
import { withForwardedAddress } from './with-forwarded-address.ts'

const forwarding = {
  proxies: makeTrustedProxies({ networks: ['10.0.0.0/8'] }),
  callers: new Set(['gateway']),
}
const origin = { ip: '198.51.100.1', userAgent: 'grpc' }
const toService = (id: string): Caller => ({ kind: 'service', id, origin })

/** The call of a service with these values of `x-forwarded-for`. */
function forward(caller: Caller, ...values: readonly (string | Buffer)[]): Caller {
  const metadata = new Metadata()
  for (const value of values) metadata.add('x-forwarded-for', value as string)
  return withForwardedAddress(caller, metadata, forwarding)
}

it('a service that may say so calls for the address it names, and stays who it is', () => {
  assert.deepEqual(forward(toService('gateway'), '203.0.113.9'), {
    kind: 'service',
    id: 'gateway',
    origin: { ip: '203.0.113.9', userAgent: 'grpc', isForwarded: true },
  })
})

it('the last address that no trusted proxy has counts, over several values, too', () => {
  const ipOf = (...values: string[]) => forward(toService('gateway'), ...values).origin.ip
  assert.equal(ipOf('1.1.1.1, 203.0.113.9, 10.0.0.1'), '203.0.113.9')
  assert.equal(ipOf('1.1.1.1', '203.0.113.9', '10.0.0.1'), '203.0.113.9')
})

it('a call stays as it is where the service names nobody, itself or nonsense', () => {
  const caller = toService('gateway')
  assert.equal(forward(caller), caller)
  assert.equal(forward(caller, '198.51.100.1'), caller)
  assert.equal(forward(caller, 'unknown'), caller)
})

it('nobody else calls for another', () => {
  for (const caller of [toService('chat'), { kind: 'anonymous', origin } as const]) {
    assert.equal(forward(caller, '203.0.113.9'), caller)
  }
})

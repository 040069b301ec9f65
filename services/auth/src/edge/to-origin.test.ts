import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTrustedProxies } from '../security/trusted-proxies.ts'
import { toOrigin } from './to-origin.ts'

const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

function read(headers: Record<string, string>, remoteAddress?: string) {
  return toOrigin({ headers, socket: { remoteAddress } }, makeTrustedProxies({ networks: ['10.0.0.1'] }))
}

test('the address is the socket’s, whatever a header says that no trusted proxy has sent', () => {
  assert.equal(read({ 'x-forwarded-for': '9.9.9.9', forwarded: 'for=9.9.9.9' }, '127.0.0.1').ip, '127.0.0.1')
  assert.equal(read({}, '::ffff:10.0.0.7').ip, '10.0.0.7')
  assert.equal(read({}, '2001:db8::1').ip, '2001:db8::1')
  assert.equal(read({}).ip, '')
  assert.equal(read({ 'x-forwarded-for': '8.8.8.8, 9.9.9.9' }, '10.0.0.1').ip, '9.9.9.9')
})

test('the user agent is cleaned of control characters and cut to 256', () => {
  assert.equal(read({ 'user-agent': 'a\u0000b\u001b[31m\u0085c' }).userAgent, 'ab[31mc')
  assert.equal(read({ 'user-agent': 'x'.repeat(300) }).userAgent.length, 256)
  assert.equal(read({}).userAgent, '')
})

test('only a valid traceparent is taken over', () => {
  assert.equal(read({ traceparent: trace }).traceparent, trace)
  for (const bad of [
    trace.toUpperCase(),
    `${trace}-x`,
    trace.replace('00-', 'ff-'),
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    `${trace}, ${trace}`,
    '',
  ]) {
    assert.equal('traceparent' in read({ traceparent: bad }), false, bad)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTrustedProxies } from './trusted-proxies.ts'

const none = makeTrustedProxies({ networks: [] })
const networks = makeTrustedProxies({ networks: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'] })

test('without trusted proxies a header says nothing', () => {
  assert.equal(none.findClient('203.0.113.7', '198.51.100.1'), '203.0.113.7')
  assert.equal(none.findClient('127.0.0.1', '198.51.100.1'), '127.0.0.1')
})

test('a peer that is no trusted proxy is itself, whatever it claims', () => {
  assert.equal(networks.findClient('203.0.113.7', '198.51.100.1, 10.0.0.1'), '203.0.113.7')
})

test('behind trusted proxies the first from the right that is none of them counts, and what it claims does not', () => {
  assert.equal(networks.findClient('10.0.0.1', '198.51.100.1'), '198.51.100.1')
  assert.equal(networks.findClient('10.0.0.1', '198.51.100.1, 203.0.113.7, 10.9.9.9'), '203.0.113.7')
  assert.equal(networks.findClient('192.0.2.1', '203.0.113.7, fd00::1'), '203.0.113.7')
  assert.equal(networks.findClient('10.0.0.1', '10.0.0.2, 203.0.113.7'), '203.0.113.7')
})

test('where proxies are all that is known, the last of them counts', () => {
  assert.equal(networks.findClient('10.0.0.1', undefined), '10.0.0.1')
  assert.equal(networks.findClient('10.0.0.1', '10.0.0.2'), '10.0.0.2')
  for (const forged of ['unknown', '_hidden', '', '1.2.3', "' or 1=1", '198.51.100.1, unknown']) {
    assert.equal(networks.findClient('10.0.0.1', forged), '10.0.0.1')
  }
})

test('a peer is a proxy where it is believed, however its address is written', () => {
  assert.deepEqual(['10.0.0.1', '::ffff:10.0.0.1', 'fd00::1', '203.0.113.7', ''].map(networks.isProxy), [
    true,
    true,
    true,
    false,
    false,
  ])
  assert.equal(none.isProxy('127.0.0.1'), false)
  assert.equal(makeTrustedProxies({ hops: 1 }).isProxy('203.0.113.7'), true)
})

test('so many hops are believed, not one more', () => {
  const two = makeTrustedProxies({ hops: 2 })
  assert.equal(two.findClient('10.0.0.1', '198.51.100.1, 203.0.113.7, 10.0.0.2'), '203.0.113.7')
  assert.equal(two.findClient('10.0.0.1', '203.0.113.7'), '203.0.113.7')
  assert.equal(two.findClient('10.0.0.1', undefined), '10.0.0.1')
})

test('a peer that is trusted for who it is may say whose call it is', () => {
  assert.equal(none.findClient('203.0.113.7', '198.51.100.1, 203.0.113.9', true), '203.0.113.9')
  assert.equal(networks.findClient('203.0.113.7', '198.51.100.1, 10.0.0.4', true), '198.51.100.1')
})

test('ports, brackets, zones and mapped addresses are one address', () => {
  const one = makeTrustedProxies({ hops: 1 })
  for (const [text, address] of [
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
  ] as const) {
    assert.equal(one.findClient('10.0.0.1', text), address)
  }
  assert.equal(networks.findClient('::ffff:10.0.0.1', '203.0.113.7'), '203.0.113.7')
})

test('a header of any length is read from its end', () => {
  const all = makeTrustedProxies({ networks: ['0.0.0.0/0'] })
  const forged = `198.51.100.1, ${Array.from({ length: 5000 }, () => '10.0.0.1').join(', ')}`
  assert.equal(all.findClient('10.0.0.2', forged), '10.0.0.1')
})

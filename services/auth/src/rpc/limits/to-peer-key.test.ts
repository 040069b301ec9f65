import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toPeerKey } from './to-peer-key.ts'

test('IPv4 peers are counted by their address, whichever listener they came by', () => {
  assert.equal(toPeerKey('10.1.2.3'), '10.1.2.3')
  assert.equal(toPeerKey('::ffff:10.1.2.3'), '10.1.2.3')
  assert.equal(toPeerKey(undefined), '')
})

test('IPv6 peers are counted by the first half of their address, however it is written', () => {
  for (const address of ['2001:db8:0:7::1', '2001:0DB8:0:7:aaaa:bbbb:cccc:dddd', '2001:db8:0:7:1::%eth0']) {
    assert.equal(toPeerKey(address), '2001:db8:0:7::/64', address)
  }
  assert.equal(toPeerKey('::1'), '0:0:0:0::/64')
  assert.equal(toPeerKey('2001:db8::7:0:0:0:1'), '2001:db8:0:7::/64')
  assert.notEqual(toPeerKey('2001:db8:0:8::1'), toPeerKey('2001:db8:0:7::1'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toNetwork } from './to-network.ts'

test('an IPv4 address is counted by itself', () => {
  assert.equal(toNetwork('203.0.113.7'), '203.0.113.7')
  assert.equal(toNetwork(''), '')
})

test('IPv6 addresses of one /64 are counted together, however they are written', () => {
  for (const ip of ['2001:db8:1:2::1', '2001:DB8:1:2:ffff::', '2001:0db8:0001:0002:3:4:5:6']) {
    assert.equal(toNetwork(ip), '2001:db8:1:2::/64')
  }
  assert.equal(toNetwork('2001:db8:1:3::1'), '2001:db8:1:3::/64')
  assert.equal(toNetwork('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(toNetwork('::1'), '0:0:0:0::/64')
  assert.equal(toNetwork('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(toNetwork('1::2:3:4:5:6:7'), '1:0:2:3::/64')
})

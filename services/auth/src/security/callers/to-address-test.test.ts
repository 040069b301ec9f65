import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toAddressTest } from './to-address-test.ts'

const isIn = (ranges: readonly string[], address: string) => toAddressTest(ranges)?.(address)

it('an address is in a range of its first bits', () => {
  for (const [range, inside, outside] of [
    ['10.0.0.0/8', '10.255.0.1', '11.0.0.0'],
    ['192.0.2.7', '192.0.2.7', '192.0.2.6'],
    ['192.0.2.7/32', '192.0.2.7', '192.0.2.6'],
    ['0.0.0.0/0', '203.0.113.9', '::1'],
    ['fd00::/8', 'fdff::1', 'fe80::1'],
    ['2001:db8::7', '2001:db8::7', '2001:db8::6'],
    ['2001:db8::7/128', '2001:db8::7', '2001:db8::6'],
    ['::/0', '2001:db8::1', 'nowhere'],
  ] as const) {
    assert.equal(isIn([range], inside), true, `${inside} in ${range}`)
    assert.equal(isIn([range], outside), false, `${outside} not in ${range}`)
  }
})

it('an IPv4 address is the same one where a dual-stack listener writes it', () => {
  assert.equal(isIn(['10.0.0.0/8'], '::ffff:10.0.0.1'), true)
  assert.equal(isIn(['10.0.0.0/8'], '::ffff:11.0.0.1'), false)
})

it('any of several ranges will do, and none is none', () => {
  assert.equal(isIn(['192.0.2.7', '10.0.0.0/8'], '10.0.0.1'), true)
  assert.equal(isIn([], '10.0.0.1'), false)
})

it('what is no range makes no test', () => {
  for (const range of [
    '',
    'x',
    '10.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
  ]) {
    assert.equal(toAddressTest(['10.0.0.0/8', range]), undefined, range)
  }
})

it('what is no address is in no range', () => {
  for (const address of ['', 'x', '10.0.0', '10.0.0.0/8']) {
    assert.equal(isIn(['0.0.0.0/0', '::/0'], address), false, address)
  }
})

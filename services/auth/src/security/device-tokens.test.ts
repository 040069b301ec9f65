import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import { bounds } from '@immersiverse/auth-contract'
import type { UserId } from '../domain/ids.ts'
import { makeDeviceTokens } from './device-tokens.ts'

const dayMs = 86_400_000
const [mina, jun] = [
  '01890a5d-ac96-774b-bcce-b302099a8057',
  '01890a5d-ac96-774b-bcce-b302099a8058',
] as UserId[] as [UserId, UserId]

function open(key = 1) {
  const time = { nowMs: 20_000 * dayMs }
  const fingerprintKey = createSecretKey(Buffer.alloc(32, key))
  return { time, tokens: makeDeviceTokens({ fingerprintKey }, { now: () => new Date(time.nowMs) }) }
}

test('a token names its device to the user it was made for, and to nobody else', () => {
  const { tokens } = open()
  const token = tokens.make('', mina)
  assert.match(tokens.find(token, mina) ?? '', /^[\w-]{12}$/)
  assert.equal(tokens.find(token, jun), undefined)
  assert.equal(open(2).tokens.find(token, mina), undefined)
})

test('a token of which any character is another names nothing', () => {
  const { tokens } = open()
  const token = tokens.make('', mina)
  for (let at = 0; at < token.length; at += 1) {
    const other = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    assert.equal(tokens.find(other, mina), undefined)
  }
  for (const bad of ['', '.', 'x', token.slice(1), `${token}x`, '....', 'é'.repeat(36)]) {
    assert.equal(tokens.find(bad, mina), undefined)
  }
})

test('a device stays the same with every login, and several people may share it', () => {
  const { tokens } = open()
  const first = tokens.make('', mina)
  const both = tokens.make(first, jun)
  const again = tokens.make(both, mina)
  assert.equal(tokens.find(again, mina), tokens.find(first, mina))
  assert.notEqual(tokens.find(again, jun), undefined)
  assert.equal(again.split('.').length, 2)
})

test('of many people the last four are known, within the bound of the field', () => {
  const { tokens } = open()
  const people = Array.from({ length: 5 }, (_, at) => mina.replace(/.$/, String(at)) as UserId)
  let token = 'rubbish.'.repeat(20)
  for (const one of people) token = tokens.make(token, one)
  assert.deepEqual(
    people.map((one) => tokens.find(token, one) !== undefined),
    [false, true, true, true, true],
  )
  assert.ok(token.length <= bounds.deviceTokenMax)
})

test('a year after the last login a device is not known any more', () => {
  const { time, tokens } = open()
  const token = tokens.make('', mina)
  time.nowMs += 365 * dayMs
  assert.notEqual(tokens.find(token, mina), undefined)
  time.nowMs += dayMs
  assert.equal(tokens.find(token, mina), undefined)
})

test('a token of an earlier version of the service still names its device', () => {
  const token = 'BQUFBQUFBQUFTiAEOa96eQp0tXUYO_QpHprq'
  const { tokens } = open()
  assert.equal(tokens.find(token, mina), 'BQUFBQUFBQUF')
  // It was made on that very day.
  assert.equal(tokens.make(token, mina), token)
})

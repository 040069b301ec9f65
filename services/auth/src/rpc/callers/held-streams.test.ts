import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuthError } from '../../domain/errors.ts'
import type { CallerRules } from './caller-rules.ts'
import { openRules } from './caller-rules.ts'
import {
  chat,
  connect,
  getUser,
  makeTestGate,
  startMs,
  type TestConnection,
  toEntry,
  toRules,
  updateUser,
} from './test/make-test-gate.ts'

/** A stream of GetUser that the gate holds, and why it was ended, each time it was. */
function openStream(rules: CallerRules, connection: TestConnection = connect(), bearer?: string) {
  const world = makeTestGate(rules)
  const ends: string[] = []
  const admission = world.gate.admit(connection.call(bearer), getUser)
  assert.equal(admission.refusal, undefined)
  const release = world.gate.hold(admission, ({ reason, details }: AuthError) => {
    ends.push([reason, details.metadata?.why].filter(Boolean).join(': '))
  })
  return { ...world, ends, release, connection }
}

describe('a held stream', () => {
  const rules = toRules([toEntry()])

  it('goes on while its caller may call', () => {
    const { gate, wait, ends } = openStream(rules)
    gate.review()
    wait(59_999)
    gate.review()
    gate.setRules(toRules([toEntry({ limit: { perSecond: 1, burst: 1 } })]))
    assert.deepEqual(ends, [])
  })

  it('ends, once, when its caller leaves the policy', () => {
    const { gate, ends, connection } = openStream(rules)
    gate.setRules(toRules([]))
    assert.deepEqual(ends, ['CALLER_NOT_ALLOWED'])
    gate.review()
    assert.equal(ends.length, 1)
    assert.equal(connection.closings(), 0)
  })

  it('ends when its method or its address is taken away', () => {
    const byMethod = openStream(rules)
    byMethod.gate.setRules(toRules([toEntry({ grants: new Map([[updateUser, { fields: undefined }]]) })]))
    assert.deepEqual(byMethod.ends, ['CALLER_NOT_ALLOWED'])
    const byAddress = openStream(rules)
    byAddress.gate.setRules(toRules([toEntry({ isAddressAllowed: (ip) => ip !== '10.0.0.1' })]))
    assert.deepEqual(byAddress.ends, ['CALLER_NOT_ALLOWED'])
  })

  it('ends when the certificate expires, and so does the connection', () => {
    const { gate, wait, ends, connection } = openStream(rules)
    wait(60_000)
    gate.review()
    assert.deepEqual(ends, ['CALLER_NOT_AUTHENTICATED: the proof has expired'])
    assert.equal(connection.closings(), 1)
  })

  it('ends when its certificate proves nobody by the new rules', () => {
    const { gate, ends } = openStream(rules)
    gate.setRules(toRules([toEntry()], { judgeCertificate: () => ({ fault: 'because' }) }))
    assert.deepEqual(ends, ['CALLER_NOT_AUTHENTICATED: because'])
  })

  it('leaves a connection alone that is closing already', () => {
    const { gate, wait, connection } = openStream(rules)
    connection.session.closed = true
    wait(60_000)
    gate.review()
    assert.equal(connection.closings(), 0)
  })

  it('is not told of anything once it was let go', () => {
    const { gate, ends, release } = openStream(rules)
    release()
    gate.setRules(toRules([]))
    assert.deepEqual(ends, [])
  })

  it('does not end with others', () => {
    const other = 'spiffe://immersiverse/ns/test/sa/other'
    const judgeCertificate: CallerRules['judgeCertificate'] = () => ({
      id: ids.shift() ?? '',
      notAfter: new Date(startMs + 60_000),
    })
    const ids = [chat, other, chat, other]
    const both = toRules([toEntry(), toEntry({ id: other })], { judgeCertificate })
    const { gate, ends } = openStream(both)
    const admission = gate.admit(connect().call(), getUser)
    gate.hold(admission, ({ reason }) => ends.push(`other: ${reason}`))
    gate.setRules(toRules([toEntry()], { judgeCertificate }))
    assert.deepEqual(ends, ['other: CALLER_NOT_ALLOWED'])
  })
})

describe('a held stream that an assertion has opened', () => {
  const jwk = { kty: 'EC', crv: 'P-256', x: '', y: '' } as const
  const keys = [
    { kid: 'zero', jwk },
    { kid: 'one', jwk },
  ]
  const judgeAssertion = () => ({ id: chat, kid: 'one', notAfter: new Date(startMs + 1_000) })
  const toAssertionRules = (...entries: Parameters<typeof toRules>[0]) => toRules(entries, { judgeAssertion })
  const open = () =>
    openStream(toAssertionRules(toEntry({ keys })), connect({ certificate: 'none' }), 'assertion')

  it('outlives it', () => {
    const { gate, wait, ends } = open()
    wait(1e9)
    gate.review()
    gate.setRules(toAssertionRules(toEntry({ keys: keys.slice(1) })))
    assert.deepEqual(ends, [])
  })

  it('ends when the key leaves its entry, or the entry the policy', () => {
    const gone = ['CALLER_NOT_AUTHENTICATED: the key of the assertion is gone']
    const byKey = open()
    byKey.gate.setRules(toAssertionRules(toEntry({ keys: keys.slice(0, 1) })))
    assert.deepEqual(byKey.ends, gone)
    const byEntry = open()
    byEntry.gate.setRules(toAssertionRules(toEntry({ id: 'spiffe://immersiverse/other', keys })))
    assert.deepEqual(byEntry.ends, gone)
  })

  it('ends when its method or its address is taken away', () => {
    for (const change of [{ grants: new Map() }, { isAddressAllowed: (ip: string) => ip !== '10.0.0.1' }]) {
      const { gate, ends } = open()
      gate.setRules(toAssertionRules(toEntry({ keys, ...change })))
      assert.deepEqual(ends, ['CALLER_NOT_ALLOWED'])
    }
  })
})

it('a stream that was opened without a policy is judged by the one that comes', () => {
  const { gate, ends } = openStream(openRules, connect({ certificate: 'plaintext' }))
  gate.setRules(toRules([toEntry()]))
  assert.deepEqual(ends, ['CALLER_NOT_AUTHENTICATED: no certificate'])
})

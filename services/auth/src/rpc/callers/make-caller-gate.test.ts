import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { UpdateUserRequestSchema } from '@immersiverse/auth-contract'
import type { AuthError } from '../../domain/errors.ts'
import type { Admission } from './caller-gate.ts'
import { openRules } from './caller-rules.ts'
import {
  chat,
  connect,
  getUser,
  makeTestGate,
  startMs,
  toCall,
  toEntry,
  toRules,
  updateUser,
} from './test/make-test-gate.ts'

/** Who called, and why it may not go on. */
function tell({ caller, refusal }: Admission) {
  const { details, reason } = refusal ?? {}
  const why = details?.metadata?.why
  return [caller.kind === 'service' ? caller.id : caller.kind, reason, ...(why === undefined ? [] : [why])]
}

describe('a gate without a policy', () => {
  it('lets everybody do everything, and names them by where they are', () => {
    const { gate } = makeTestGate(openRules)
    const names: Record<string, string> = {
      '127.0.0.1': 'loopback',
      '127.9.9.9': 'loopback',
      '::1': 'loopback',
      '::ffff:127.0.0.1': 'loopback',
      '10.0.0.127': 'plaintext',
      '::ffff:10.0.0.1': 'plaintext',
      'fd00::1': 'plaintext',
      '': 'plaintext',
    }
    for (const [ip, name] of Object.entries(names)) {
      const admission = gate.admit(connect({ ip, certificate: 'plaintext' }).call(chat), updateUser, 1e9)
      assert.deepEqual(tell(admission), [name, undefined], ip)
      assert.equal(admission.fields, undefined)
      assert.equal(admission.caller.origin.ip, ip)
      gate.spend(admission, 1e9)
    }
  })

  it('takes nobody for whom a certificate or an assertion names', () => {
    const proves = () => ({ id: chat, notAfter: new Date(startMs + 1) })
    const { gate } = makeTestGate({ ...openRules, judgeCertificate: proves, judgeAssertion: proves })
    assert.deepEqual(tell(gate.admit(connect().call(chat), getUser)), ['plaintext', undefined])
  })

  it('ends no stream', () => {
    const { gate, wait } = makeTestGate(openRules)
    const admission = gate.admit(connect().call(), getUser)
    gate.hold(admission, assert.fail)
    wait(1e12)
    gate.setRules(openRules)
  })
})

describe('a gate', () => {
  it('lets a caller do what its entry lists, and tells who it is either way', () => {
    const { gate } = makeTestGate(toRules([toEntry()]))
    const connection = connect()
    const admission = gate.admit(connection.call(), getUser)
    assert.deepEqual(tell(admission), [chat, undefined])
    assert.equal(admission.method, getUser)
    assert.equal(admission.caller.origin.ip, '10.0.0.1')
    assert.deepEqual(tell(gate.admit(connection.call(), updateUser)), [chat, 'CALLER_NOT_ALLOWED'])
    assert.equal(connection.closings(), 0)
  })

  it('denies whom the policy does not list', () => {
    const { gate } = makeTestGate(toRules([toEntry({ id: 'spiffe://immersiverse/other' })]))
    assert.deepEqual(tell(gate.admit(connect().call(), getUser)), [chat, 'CALLER_NOT_ALLOWED'])
  })

  it('denies a caller from an address that its entry does not list', () => {
    const { gate } = makeTestGate(toRules([toEntry({ isAddressAllowed: (ip) => ip === '10.0.0.2' })]))
    assert.deepEqual(tell(gate.admit(connect().call(), getUser)), [chat, 'CALLER_NOT_ALLOWED'])
    assert.deepEqual(tell(gate.admit(connect({ ip: '10.0.0.2' }).call(), getUser)), [chat, undefined])
  })

  const refused = 'CALLER_NOT_AUTHENTICATED'

  it('knows nobody without a certificate, or by one that TLS has not accepted', () => {
    const { gate } = makeTestGate(toRules([toEntry()]))
    const knock = (certificate: 'none' | 'plaintext' | 'refused') =>
      tell(gate.admit(connect({ certificate }).call(chat), getUser))
    assert.deepEqual(knock('none'), ['anonymous', refused, 'no certificate'])
    assert.deepEqual(knock('plaintext'), ['anonymous', refused, 'no certificate'])
    const untrusted = 'the certificate is of no authority that is trusted here'
    assert.deepEqual(knock('refused'), ['anonymous', refused, untrusted])
  })

  it('knows nobody on a connection that is gone', () => {
    const { gate } = makeTestGate(toRules([toEntry()]))
    const admission = gate.admit(toCall(undefined), getUser)
    assert.deepEqual(tell(admission), ['anonymous', refused, 'no certificate'])
    assert.equal(admission.caller.origin.ip, '')
  })

  it('asks a peer to connect again, once, when its certificate proves nobody', () => {
    const { gate } = makeTestGate(toRules([toEntry()], { judgeCertificate: () => ({ fault: 'because' }) }))
    const connection = connect()
    for (const _ of [1, 2]) {
      assert.deepEqual(tell(gate.admit(connection.call(), getUser)), ['anonymous', refused, 'because'])
    }
    assert.equal(connection.closings(), 1)
    for (const certificate of ['none', 'plaintext'] as const) {
      const without = connect({ certificate })
      gate.admit(without.call(), getUser)
      assert.equal(without.closings(), 0)
    }
  })

  it('knows a caller until its certificate ends', () => {
    const { gate, wait } = makeTestGate(toRules([toEntry()]))
    const connection = connect()
    assert.equal(gate.admit(connection.call(), getUser).refusal, undefined)
    wait(59_999)
    assert.equal(gate.admit(connection.call(), getUser).refusal, undefined)
    wait(1)
    assert.deepEqual(tell(gate.admit(connection.call(), getUser)), [chat, refused, 'the proof has expired'])
    assert.equal(connection.closings(), 1)
  })

  it('judges a certificate once for each connection and set of rules', () => {
    let judged = 0
    const judgeCertificate = () => {
      judged += 1
      return { id: chat, notAfter: new Date(startMs + 60_000) }
    }
    const { gate } = makeTestGate(toRules([toEntry()], { judgeCertificate }))
    const connection = connect()
    for (const _ of [1, 2, 3]) gate.admit(connection.call(), getUser)
    assert.equal(judged, 1)
    gate.admit(connect().call(), getUser)
    assert.equal(judged, 2)
    gate.setRules(toRules([toEntry({ grants: new Map() })], { judgeCertificate }))
    for (const _ of [1, 2]) {
      assert.deepEqual(tell(gate.admit(connection.call(), getUser)), [chat, 'CALLER_NOT_ALLOWED'])
    }
    assert.equal(judged, 3)
  })
})

describe('a gate that takes assertions', () => {
  const rules = toRules([toEntry()], {
    judgeCertificate: () => ({ id: 'spiffe://immersiverse/by-certificate', notAfter: new Date(startMs + 1) }),
    judgeAssertion: (assertion, address) =>
      assertion === 'good' && address === '10.0.0.1'
        ? { id: chat, notAfter: new Date(startMs + 1_000), kid: 'one' }
        : { fault: 'because' },
  })
  const refused = 'CALLER_NOT_AUTHENTICATED'

  it('knows whom one proves, from the address it came from, until it ends', () => {
    const { gate, wait } = makeTestGate(rules)
    for (const certificate of ['none', 'plaintext'] as const) {
      const { call } = connect({ certificate })
      assert.deepEqual(tell(gate.admit(call('good'), getUser)), [chat, undefined])
      assert.deepEqual(tell(gate.admit(call('bad'), getUser)), ['anonymous', refused, 'because'])
      const none = ['anonymous', refused, 'no certificate and no assertion']
      assert.deepEqual(tell(gate.admit(call(), getUser)), none)
    }
    const elsewhere = connect({ ip: '10.0.0.2', certificate: 'none' })
    assert.deepEqual(tell(gate.admit(elsewhere.call('good'), getUser)), ['anonymous', refused, 'because'])
    const { call } = connect({ certificate: 'none' })
    wait(1_000)
    assert.deepEqual(tell(gate.admit(call('good'), getUser)), [chat, refused, 'the proof has expired'])
  })

  it('does not look at one beside a certificate, be that accepted or not', () => {
    const { gate } = makeTestGate(rules)
    const byCertificate = gate.admit(connect().call('good'), getUser)
    assert.deepEqual(tell(byCertificate), ['spiffe://immersiverse/by-certificate', 'CALLER_NOT_ALLOWED'])
    const byRefused = gate.admit(connect({ certificate: 'refused' }).call('good'), getUser)
    assert.equal(byRefused.refusal?.reason, refused)
  })
})

describe('the limit of a caller', () => {
  const limited = toRules([toEntry({ limit: { perSecond: 1, burst: 3 } })])

  it('is one for all its connections, and flows back', () => {
    const { gate, wait } = makeTestGate(limited)
    const [one, two] = [connect(), connect()]
    for (const { call } of [one, two, one]) assert.equal(gate.admit(call(), getUser).refusal, undefined)
    const { refusal } = gate.admit(two.call(), getUser)
    assert.equal(refusal?.reason, 'CALLER_LIMITED')
    assert.equal(refusal?.details.retryAfterMs, 1_000)
    wait(1_000)
    assert.equal(gate.admit(two.call(), getUser).refusal, undefined)
  })

  it('counts what a call costs, and what it spends later', () => {
    const { gate } = makeTestGate(limited)
    const admission = gate.admit(connect().call(), getUser, 2)
    assert.equal(admission.refusal, undefined)
    gate.spend(admission, 1)
    assert.throws(() => gate.spend(admission, 1), { name: 'AuthError', reason: 'CALLER_LIMITED' })
  })

  it('is not touched by calls that are denied', () => {
    const { gate } = makeTestGate(limited)
    const { call } = connect()
    for (const _ of [1, 2, 3, 4]) gate.admit(call(), updateUser)
    assert.equal(gate.admit(call(), getUser, 3).refusal, undefined)
  })

  it('is, for what is spent later, the one that stands in the policy by then', () => {
    const { gate } = makeTestGate(limited)
    const admission = gate.admit(connect().call(), getUser, 3)
    gate.setRules(toRules([toEntry({ limit: { perSecond: 1, burst: 5 } })]))
    gate.spend(admission, 5)
    assert.throws(() => gate.spend(admission, 1), { reason: 'CALLER_LIMITED' })
    gate.setRules(toRules([toEntry()]))
    gate.spend(admission, 1e9)
    gate.setRules(toRules([]))
    gate.spend(admission, 1e9)
  })

  it('is not spent by nobody', () => {
    const { gate } = makeTestGate(limited)
    gate.spend(gate.admit(connect({ certificate: 'none' }).call(), getUser), 1e9)
  })
})

describe('the fields of a caller', () => {
  const grants = new Map([
    [getUser, { fields: undefined }],
    [updateUser, { fields: new Set(['email', 'roles']) }],
  ])
  const { gate } = makeTestGate(toRules([toEntry({ grants })]))
  const findRefused = (
    method: string,
    wish: Parameters<typeof create<typeof UpdateUserRequestSchema>>[1],
  ) => {
    const admission = gate.admit(connect().call(), method)
    try {
      gate.requireFields(admission, UpdateUserRequestSchema, create(UpdateUserRequestSchema, wish))
      return undefined
    } catch (error) {
      const { reason, details } = error as AuthError
      return [reason, details.metadata?.field]
    }
  }

  it('are all that a request may set, be it to nothing', () => {
    assert.equal(findRefused(updateUser, {}), undefined)
    assert.equal(findRefused(updateUser, { email: 'a@example.org', roles: {} }), undefined)
    assert.deepEqual(findRefused(updateUser, { email: 'x', password: '' }), ['FIELD_NOT_ALLOWED', 'password'])
    assert.deepEqual(findRefused(updateUser, { displayName: '' }), ['FIELD_NOT_ALLOWED', 'display_name'])
  })

  it('leave alone those that every request has', () => {
    assert.equal(findRefused(updateUser, { userId: 'x', expectedVersion: 7n }), undefined)
  })

  it('are not limited where the policy names none', () => {
    assert.equal(findRefused(getUser, { password: 'x' }), undefined)
  })
})

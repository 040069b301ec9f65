import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Authority, makeAuthority } from '../../../../tools/dev-certs/make-authority.ts'
import { toEntry } from '../rpc/callers/test/make-test-gate.ts'
import { makeUsedAssertions } from '../security/callers/make-used-assertions.ts'
import { makeCallerRules, type RuleParts } from './make-caller-rules.ts'

const now = new Date('2030-01-01T00:00:00Z')
const clock = { now: () => now, monotonicMs: () => 0, sleep: async () => undefined }
const id = 'spiffe://immersiverse/ns/test/sa/chat'
const make = (name: string) => makeAuthority(name, () => now)
const authority = make('Test CA')
const policy = new Map([[id, toEntry({ id })]])

const toTls = (anchor: Authority = authority) => {
  const { cert, key } = authority.issue({ name: 'auth' })
  const files = { cert: Buffer.from(cert), key: Buffer.from(key), clientCa: Buffer.from(anchor.cert) }
  return { ...files, leaf: new X509Certificate(cert), anchors: [new X509Certificate(anchor.cert)] }
}

const toRules = (change: Partial<RuleParts> = {}) =>
  makeCallerRules({
    ...{ tls: toTls(), policy, trustDomain: 'immersiverse', clock, anchorLostMs: undefined },
    ...{ assertions: undefined, ...change },
  })

/** What rules say of a certificate of `by`, whose connection's files stood since `judgedMs`. */
function judge(change: Partial<RuleParts> = {}, by: Authority = authority, judgedMs = 100) {
  const leaf = new X509Certificate(by.issue({ name: 'chat', uris: [id] }).cert)
  return toRules(change).judgeCertificate({ leaf, isVerified: true, judgedMs })
}

describe('the rules of a callers file', () => {
  it('prove a caller by its certificate', () => {
    assert.equal(judge().id, id)
    assert.deepEqual(judge({ trustDomain: 'elsewhere' }), { fault: 'the SPIFFE id is not of elsewhere' })
  })

  it('prove nobody by a certificate without TLS or a trust domain', () => {
    const none = { fault: 'no certificates are judged here' }
    assert.deepEqual(judge({ tls: undefined }), none)
    assert.deepEqual(judge({ trustDomain: undefined }), none)
  })

  it('without a file let everybody do everything', () => {
    assert.equal(toRules({ policy: undefined }).policy, undefined)
  })

  it('prove nobody by a certificate that an authority may have accepted which is gone', () => {
    const fault = 'the authority of the certificate may have been taken away: connect again'
    const below = authority.issueAuthority('Below')
    for (const lost of [make('Test CA'), below]) {
      assert.deepEqual(judge({ anchorLostMs: 100 }, lost, 100), { fault })
      assert.deepEqual(judge({ anchorLostMs: 100 }, lost, Number.NEGATIVE_INFINITY), { fault })
      // TLS has judged it by the authorities that are left.
      assert.equal(judge({ anchorLostMs: 100 }, lost, 101).id, id)
    }
    assert.equal(judge({ anchorLostMs: 100 }, authority, 100).id, id)
  })

  it('take assertions where they are asked to', () => {
    assert.equal(toRules().judgeAssertion, undefined)
    const { judgeAssertion } = toRules({ assertions: { audience: 'us', used: makeUsedAssertions(clock) } })
    assert.deepEqual(judgeAssertion?.('x', '10.0.0.1'), { fault: 'the assertion is MALFORMED' })
  })
})

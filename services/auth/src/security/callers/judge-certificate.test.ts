import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { makeAuthority } from '../../../../../tools/dev-certs/make-authority.ts'
import { findTrustDomain, judgeCertificate } from './judge-certificate.ts'

const id = 'spiffe://immersiverse/ns/prod/sa/chat-service'
const authority = makeAuthority('Test CA')
type Wish = Partial<Parameters<typeof authority.issue>[0]>
const toDer = (wish: Wish) =>
  new X509Certificate(authority.issue({ name: 'chat', uris: [id], purposes: ['clientAuth'], ...wish }).cert)
    .raw
const judge = (wish: Wish) => judgeCertificate(toDer(wish), 'immersiverse')

describe('judgeCertificate', () => {
  it('names the caller and the end of its certificate', () => {
    const notAfter = new Date('2040-01-02T03:04:05Z')
    assert.deepEqual(judge({ notAfter }), { id, notAfter })
    assert.deepEqual(judge({ notAfter, hosts: ['chat'], addresses: ['10.0.0.1'] }), { id, notAfter })
  })

  const faults: Record<string, [wish: Wish, fault: RegExp]> = {
    'no URI': [{ uris: [] }, /no URI SAN/],
    'two URIs': [{ uris: [id, 'https://x'] }, /2 URI SANs/],
    'the same URI twice': [{ uris: [id, id] }, /2 URI SANs/],
    'a URI that is no SPIFFE id': [{ uris: ['https://x'] }, /no SPIFFE id/],
    'another trust domain': [{ uris: ['spiffe://immersiverse.evil/x'] }, /not of immersiverse/],
    'the purpose of a server': [{ purposes: ['serverAuth'] }, /clientAuth/],
    'no purpose': [{ purposes: [] }, /clientAuth/],
    'an authority of its own': [{ isAuthority: true }, /authority/],
    'the right to sign': [{ canSign: true }, /authority/],
    'the id as a host name': [{ uris: [], hosts: [id] }, /no URI SAN/],
    'the id as its name': [{ uris: [], name: id }, /no URI SAN/],
  }
  for (const [what, [wish, fault]] of Object.entries(faults)) {
    it(`takes one with ${what} for nobody`, () => {
      const verdict = judge(wish)
      assert.match('fault' in verdict ? verdict.fault : '', fault)
      assert.equal(verdict.id, undefined)
    })
  }

  it('names the caller of one that does not say whether it is an authority: then it is none', () => {
    const der = toDer({})
    // The basic constraints become an extension that nobody knows: 2.5.29.19 → 2.5.29.99.
    const constraints = der.indexOf(Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x13))
    assert.ok(constraints > 0)
    der[constraints + 4] = 0x63
    assert.equal(judgeCertificate(der, 'immersiverse').id, id)
  })

  it('takes what is no certificate for nobody', () => {
    for (const der of [Buffer.alloc(0), Buffer.from('x'), toDer({}).subarray(0, 100)]) {
      assert.deepEqual(judgeCertificate(der, 'immersiverse'), { fault: 'the certificate cannot be read' })
    }
  })

  it('takes one with an extension twice for nobody', () => {
    const der = toDer({ hosts: ['chat'] })
    // The purposes become a second list of names: 2.5.29.37 → 2.5.29.17.
    const purposes = der.indexOf(Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x25))
    assert.ok(purposes > 0)
    der[purposes + 4] = 0x11
    assert.deepEqual(judgeCertificate(der, 'immersiverse'), { fault: 'the certificate cannot be read' })
  })
})

describe('findTrustDomain', () => {
  it('is that of the one SPIFFE id', () => {
    assert.equal(findTrustDomain(toDer({})), 'immersiverse')
    assert.equal(findTrustDomain(toDer({ uris: [] })), undefined)
    assert.equal(findTrustDomain(toDer({ uris: [id, 'spiffe://x/y'] })), undefined)
  })
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { it } from 'node:test'
import { makeAuthority, toAuthority } from '../../../../../tools/dev-certs/make-authority.ts'
import { isIssuedBy } from './is-issued-by.ts'

const now = new Date('2030-01-01T00:00:00Z')
const make = (name: string) => makeAuthority(name, () => now)
const read = ({ cert }: { readonly cert: string }) => new X509Certificate(cert)
const authority = make('Test CA')
const leaf = read(authority.issue({ name: 'chat' }))

it('an authority has issued what it signed itself, one of several is enough', () => {
  assert.equal(isIssuedBy(leaf, [read(authority)], now), true)
  assert.equal(isIssuedBy(leaf, [read(make('x')), read(authority)], now), true)
  assert.equal(isIssuedBy(leaf, [], now), false)
})

it('another of its name, or one above it, has not', () => {
  assert.equal(isIssuedBy(leaf, [read(make('Test CA')), read(make('x'))], now), false)
  const below = authority.issueAuthority('Below')
  const far = read(below.issue({ name: 'chat' }))
  assert.equal(isIssuedBy(far, [read(authority)], now), false)
  assert.equal(isIssuedBy(far, [read(below)], now), true)
})

it('an authority that has expired has issued nothing any more', () => {
  const anchor = read(authority)
  const { validToDate: end } = anchor
  assert.equal(isIssuedBy(leaf, [anchor], new Date(end.getTime() - 1)), true)
  assert.equal(isIssuedBy(leaf, [anchor], end), false)
})

it('what is no authority has issued nothing, whatever it signed', () => {
  const signer = authority.issue({ name: 'chat', canSign: true })
  const forged = read(toAuthority('chat', signer).issue({ name: 'billing' }))
  assert.equal(isIssuedBy(forged, [read(signer)], now), false)
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { makeAuthority } from '../../../../../tools/dev-certs/make-authority.ts'
import { readTlsFiles, type TlsFiles } from './read-tls-files.ts'

const now = new Date('2030-01-01T00:00:00Z')
const make = (name: string, at = now) => makeAuthority(name, () => at)
const authority = make('Test CA')
const server = authority.issue({ name: 'auth' })

/** What files that hold become when some are replaced, and their faults. */
function read(change: Partial<Record<keyof TlsFiles, string>> = {}, at = now) {
  const { cert, key, clientCa } = { ...server, clientCa: authority.cert, ...change }
  const faults: string[] = []
  const files = { cert: Buffer.from(cert), key: Buffer.from(key), clientCa: Buffer.from(clientCa) }
  const identity = readTlsFiles(files, at, faults)
  assert.equal(identity === undefined, faults.length > 0)
  return { identity, faults, files }
}

const toFingerprint = (cert: string) => new X509Certificate(cert).fingerprint256

describe('readTlsFiles', () => {
  it('gives the files, the certificate of the server and all authorities', () => {
    const second = make('Second CA')
    const { identity, faults, files } = read({ clientCa: `${authority.cert}\nnotes\n${second.cert}` })
    assert.deepEqual(faults, [])
    assert.deepEqual([identity?.cert, identity?.key, identity?.clientCa], Object.values(files))
    assert.equal(identity?.leaf.fingerprint256, toFingerprint(server.cert))
    assert.deepEqual(
      identity?.anchors.map(({ fingerprint256 }) => fingerprint256),
      [authority.cert, second.cert].map(toFingerprint),
    )
  })

  it('takes the authorities between behind the certificate, and nothing else', () => {
    const below = authority.issueAuthority('Below')
    const { cert, key } = below.issue({ name: 'auth' })
    assert.deepEqual(read({ cert: cert + below.cert, key }).faults, [])
    const others = server.cert + authority.cert + server.cert
    const fault = 'AUTH_TLS_CERT: after the first only certificates of authorities may follow'
    assert.deepEqual(read({ cert: others }).faults, [fault])
  })

  it('takes a certificate while it is valid', () => {
    const [notBefore, notAfter] = [new Date('2030-01-01T00:00:00Z'), new Date('2030-02-01T00:00:00Z')]
    const short = authority.issue({ name: 'auth', notBefore, notAfter })
    const listAt = (at: string) => read(short, new Date(at)).faults
    assert.deepEqual(listAt('2030-01-01T00:00:00Z'), [])
    assert.deepEqual(listAt('2030-01-31T23:59:59Z'), [])
    assert.deepEqual(listAt('2029-12-31T23:59:59Z'), [
      'AUTH_TLS_CERT: is not valid before 2030-01-01T00:00:00.000Z',
    ])
    assert.deepEqual(listAt('2030-02-01T00:00:00Z'), ['AUTH_TLS_CERT: expired at 2030-02-01T00:00:00.000Z'])
  })

  it('takes authorities while one of them is valid', () => {
    const old = make('Old CA', new Date('2010-01-01T00:00:00Z'))
    assert.deepEqual(read({ clientCa: old.cert + authority.cert }).faults, [])
    const fault = 'AUTH_TLS_CLIENT_CA: every authority has expired'
    assert.deepEqual(read({ clientCa: old.cert }).faults, [fault])
    const end = new X509Certificate(old.cert).validToDate
    const young = makeAuthority('x', () => end).issue({ name: 'auth' })
    assert.deepEqual(read({ ...young, clientCa: old.cert }, end).faults, [fault])
  })

  it('refuses what is no authority among them', () => {
    const fault = 'AUTH_TLS_CLIENT_CA: holds a certificate that is not one of an authority'
    assert.deepEqual(read({ clientCa: authority.cert + server.cert }).faults, [fault])
  })

  it('refuses a key that is of another certificate, has a passphrase or is none', () => {
    const other = 'AUTH_TLS_KEY: is not the key of the certificate in AUTH_TLS_CERT'
    assert.deepEqual(read({ key: authority.issue({ name: 'other' }).key }).faults, [other])
    const none = 'AUTH_TLS_KEY: holds no private key in PEM, or one with a passphrase'
    assert.deepEqual(read({ key: 'x' }).faults, [none])
    assert.deepEqual(read({ key: server.cert }).faults, [none])
  })

  it('tells of every file that holds no certificate, and of one that cannot be read', () => {
    assert.deepEqual(read({ cert: 'x', key: 'x', clientCa: '' }).faults, [
      'AUTH_TLS_CERT: holds no certificate in PEM',
      'AUTH_TLS_CLIENT_CA: holds no certificate in PEM',
    ])
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    assert.deepEqual(read({ cert: broken }).faults, [
      'AUTH_TLS_CERT: holds a certificate that cannot be read',
    ])
    assert.deepEqual(read({ clientCa: authority.cert + broken }).faults, [
      'AUTH_TLS_CLIENT_CA: holds a certificate that cannot be read',
    ])
  })

  it('refuses what TLS itself cannot use', () => {
    const odd = '-----BEGIN CERTIFICATE-----\nA-A\n-----END CERTIFICATE-----\n'
    const [fault = '', ...others] = read({ cert: server.cert + odd }).faults
    assert.match(fault, /^AUTH_TLS_CERT: TLS cannot use it: ./)
    assert.deepEqual(others, [])
  })

  it('adds to faults that are there already, and holds nonetheless', () => {
    const faults = ['another']
    const files = {
      cert: Buffer.from(server.cert),
      key: Buffer.from(server.key),
      clientCa: Buffer.from(authority.cert),
    }
    assert.ok(readTlsFiles(files, now, faults))
    assert.deepEqual(faults, ['another'])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { toPostgresConnection } from './to-postgres-connection.ts'

const certificate = {
  subject: { CN: 'x' },
  subjectaltname: 'DNS:db.example.org',
} as unknown as PeerCertificate

function judge(url: string): Error | undefined {
  const { ssl } = toPostgresConnection(url)
  assert.ok(ssl)
  assert.equal(ssl.rejectUnauthorized, true)
  return ssl.checkServerIdentity?.('ignored', certificate)
}

describe('a connection URL', () => {
  it('without sslmode or with disable is not encrypted, whatever the environment says', () => {
    for (const mode of ['', '?sslmode=disable']) {
      assert.equal(toPostgresConnection(`postgres://a@db.example.org/auth${mode}`).ssl, false)
    }
  })

  it('with require or verify-full verifies authority and host name', () => {
    for (const mode of ['require', 'verify-full']) {
      assert.equal(judge(`postgres://a@db.example.org/auth?sslmode=${mode}`), undefined)
      assert.match(judge(`postgres://a@10.0.0.7/auth?sslmode=${mode}`)?.message ?? '', /10\.0\.0\.7/)
    }
  })

  it('with verify-ca verifies the authority alone', () => {
    assert.equal(judge('postgres://a@10.0.0.7/auth?sslmode=verify-ca'), undefined)
  })

  it('with a mode that may fall back to plaintext, or that verifies nothing, is refused', () => {
    for (const mode of ['allow', 'prefer', 'no-verify', 'verify_full']) {
      assert.throws(() => toPostgresConnection(`postgres://a@db/auth?sslmode=${mode}`), RangeError)
    }
  })

  it('keeps what it says of other things', () => {
    const { connectionString } = toPostgresConnection(
      'postgres://a:p%40@db:6432/auth?application_name=x&sslmode=require',
    )
    assert.equal(connectionString, 'postgres://a:p%40@db:6432/auth?application_name=x')
  })

  it('names a file that cannot be read', () => {
    assert.throws(
      () => toPostgresConnection('postgres://a@db/auth?sslmode=require&sslrootcert=/nowhere.pem'),
      /nowhere/,
    )
  })
})

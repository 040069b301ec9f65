import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AuthError } from '../domain/errors.ts'
import { defaultPasswordOptions, openPasswords, type PasswordOptions } from './passwords.ts'

const cheap = { memoryKib: 8, passes: 1, concurrency: 1, queueLength: 2, runOn: 'process' } as const
const open = (options: PasswordOptions) => openPasswords(options)

describe('passwords', () => {
  it('are Argon2id of the configured cost, salted', async () => {
    const passwords = open({ ...cheap, memoryKib: 64, passes: 3 })
    const hashed = await passwords.hash('correct horse battery')
    assert.match(hashed, /^\$argon2id\$v=19\$m=64,t=3,p=1\$/)
    assert.notEqual(await passwords.hash('correct horse battery'), hashed)
  })

  it('match themselves in any Unicode form, and nothing else', async () => {
    const passwords = open(cheap)
    const hashed = await passwords.hash('caf\u00e9 au lait!!')
    assert.equal(await passwords.verify('cafe\u0301 au lait!!', hashed), true)
    assert.equal(await passwords.verify('cafe au lait!!', hashed), false)
  })

  it('of an unknown user cost a verification and never match', async () => {
    const passwords = open(cheap)
    assert.equal(await passwords.verify('anything', undefined), false)
  })

  it('of less cost than new ones are outdated', async () => {
    const [old, now] = [open(cheap), open({ ...cheap, passes: 2 })]
    const hashed = await old.hash('correct horse battery')
    assert.deepEqual([old.isOutdated(hashed), now.isOutdated(hashed)], [false, true])
    assert.equal(now.isOutdated(await now.hash('correct horse battery')), false)
    assert.equal(await now.verify('correct horse battery', hashed), true)
  })

  it('on threads that end can be asked for again', async () => {
    const told: Error[] = []
    const passwords = open({ ...cheap, runOn: 'threads', onThreadEnded: (error) => told.push(error) })
    await passwords.hash('correct horse battery')
    const asked = passwords.hash('correct horse battery')
    await Promise.all([
      passwords.close(),
      assert.rejects(asked, (error) => error instanceof AuthError && error.reason === 'HASHING_BUSY'),
    ])
    await assert.rejects(passwords.hash('one'), (error) => (error as AuthError).reason === 'SHUTTING_DOWN')
    assert.deepEqual(told, [])
  })

  it('are refused when the queue is full, and taken again when it has drained', async () => {
    const passwords = open(cheap)
    const taken = Array.from({ length: 3 }, () => passwords.hash('one two three four'))
    await assert.rejects(passwords.hash('one more'), (error) => {
      assert.ok(error instanceof AuthError)
      assert.equal(error.reason, 'HASHING_BUSY')
      assert.equal(error.details.retryAfterMs, 1000)
      return true
    })
    assert.equal(passwords.pending, 3)
    await Promise.all(taken)
    assert.equal(passwords.pending, 0)
    await passwords.hash('one two three four')
  })

  it('cost by default what OWASP ASVS asks', () => {
    const { memoryKib, passes } = defaultPasswordOptions
    assert.deepEqual({ memoryKib, passes }, { memoryKib: 19_456, passes: 2 })
  })
})

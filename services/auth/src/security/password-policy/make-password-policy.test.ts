import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makePasswordPolicy } from './make-password-policy.ts'

const person = { username: 'mina_star', email: 'mina@example.org', displayName: 'Mina' }
const serviceWords = ['immersiverse']

describe('the policy for new passwords', () => {
  it('refuses what anybody guesses, what is about the person, and what was breached', async () => {
    const breached = { has: async (password: string) => password === 'borrowed umbrella' }
    const policy = makePasswordPolicy({ serviceWords, breached, onUnread: () => undefined })
    assert.match((await policy.findFault('password1234', person)) ?? '', /guessed first/)
    assert.match((await policy.findFault('mina_star1234', person)) ?? '', /your own name/)
    assert.match((await policy.findFault('borrowed umbrella', person)) ?? '', /breach/)
    assert.equal(await policy.findFault('returned umbrella', person), undefined)
  })

  it('takes a password whose breaches cannot be read, counts it and tells', async () => {
    const told: unknown[] = []
    const fault = new Error('no such file')
    const breached = { has: async () => Promise.reject(fault) }
    const policy = makePasswordPolicy({ serviceWords, breached, onUnread: (error) => told.push(error) })
    assert.equal(await policy.findFault('borrowed umbrella', person), undefined)
    assert.deepEqual([told, policy.unreadCount], [[fault], 1])
  })

  it('asks for no mixture of characters and takes long ones', async () => {
    const policy = makePasswordPolicy({ serviceWords, onUnread: () => undefined })
    const words = 'seven green bottles were hanging over a wall that nobody had painted since the flood'
    for (const password of [
      'lowercase only letters',
      '우산을 빌린 고양이 다섯 마리',
      words,
      words.slice(0, 64),
    ]) {
      assert.equal(await policy.findFault(password, person), undefined, password)
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { SharedTraits } from './shared-traits.ts'

const toTraits = (role: string) => ({ status: UserStatus.ACTIVE, subscriptionTier: 'FREE', roles: [role] })

test('who has the same shares one object, however it comes; nobody can change it', () => {
  const traits = new SharedTraits()
  const [a, b, again] = [traits.hold(toTraits('a')), traits.hold(toTraits('b')), traits.hold(toTraits('a'))]
  assert.equal(again, a)
  assert.notEqual(a, b)
  assert.deepEqual(traits.get(a), toTraits('a'))
  assert.deepEqual(traits.get(b), toTraits('b'))
  assert.ok(Object.isFrozen(traits.get(a).roles))
})

test('traits that differ in one thing, or only in where one ends, are not shared', () => {
  const traits = new SharedTraits()
  const all = [
    toTraits('a'),
    { ...toTraits('a'), status: UserStatus.SUSPENDED },
    { ...toTraits('a'), subscriptionTier: 'PREMIUM' },
    { ...toTraits('a'), roles: [] },
    { ...toTraits('a'), roles: ['a', 'b'] },
    { ...toTraits('a'), roles: ['a\nb'] },
    { ...toTraits('a'), roles: ['a","b'] },
  ]
  const numbers = all.map((one) => traits.hold(one))
  assert.equal(new Set(numbers).size, all.length)
  for (const [at, number] of numbers.entries()) assert.deepEqual(traits.get(number), all[at])
})

test('the last who lets go frees the number, and not before', () => {
  const traits = new SharedTraits()
  const a = traits.hold(toTraits('a'))
  traits.hold(toTraits('a'))
  traits.release(a)
  assert.deepEqual(traits.get(a), toTraits('a'))
  traits.release(a)
  assert.equal(traits.hold(toTraits('b')), a)
  assert.notEqual(traits.hold(toTraits('a')), a)
})

test('where everybody has roles of their own all are right, and numbers are used again', () => {
  const traits = new SharedTraits()
  const count = 30_000
  for (let round = 0; round < 2; round++) {
    const numbers = Array.from({ length: count }, (_, n) => traits.hold(toTraits(`role ${n}`)))
    assert.equal(new Set(numbers).size, count)
    assert.ok(
      numbers.every((number) => number <= count),
      'numbers are used again',
    )
    for (const [n, number] of numbers.entries()) assert.deepEqual(traits.get(number), toTraits(`role ${n}`))
    for (const number of numbers) traits.release(number)
  }
})

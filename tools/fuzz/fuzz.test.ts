import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'
import { fuzzClassNames } from './fuzz-classes.ts'
import { measureGrowth } from './measure-growth.ts'
import { findMutant, makeMutants } from './mutants/find-mutant.ts'
import { makeSummary } from './summary.ts'
import { makeWorld } from './world.ts'

const world = makeWorld()
const seed = Math.floor(Math.random() * 2 ** 31)

test('30,000 inputs: the verifier and a plain reading of the RFCs agree on each, and nothing throws', (context) => {
  const summary = makeSummary()
  for (const report of fuzz({ inputs: 30_000, seed, world })) summary.add(report)
  for (const { class: name, seed: at, path, input, error } of summary.findings) {
    context.diagnostic(`${name} --seed ${at} path ${path}\n${input}\n${error}`)
  }
  assert.deepEqual(
    summary.findings.map((finding) => finding.class),
    [],
    `seed ${seed}`,
  )
  assert.ok(summary.inputs >= 30_000)
})

test('every class of inputs finds planted bugs', () => {
  const wanted = [
    'ignores: base64url trailing bits',
    'ignores: crit understood',
    'ignores: not expired',
    'ignores: RSA exponent',
    'accepts alg none',
    'remembers tokens by their tail',
    'throws for lone surrogates',
    'JSON: repeated names below the top',
    'accepts on the second of exp',
    'a tv equal to the minimum is revoked',
    'record: minimum tv in 32 bits',
  ]
  const mutants = makeMutants().filter(({ name }) => wanted.includes(name))
  assert.equal(mutants.length, wanted.length)
  for (const mutant of mutants) {
    assert.ok(findMutant(mutant, world, 20_000, seed).foundBy !== undefined, `${mutant.name}, seed ${seed}`)
  }
})

test('the same seed makes the same inputs', () => {
  const count = () => [...fuzz({ inputs: 600, seed: 7, world, classes: ['json', 'moments', 'records'] })]
  const outcomes = () => count().map(({ name, accepted, rules }) => ({ name, accepted, rules: [...rules] }))
  assert.deepEqual(outcomes(), outcomes())
})

test('a finding names its input, and stops only its own class', () => {
  const [mutant] = makeMutants().filter(({ name }) => name === 'JSON: lists and texts')
  assert.ok(mutant)
  const reports = [
    ...fuzz({ inputs: 4_000, seed: 1, world, subject: mutant.subject, classes: ['json', 'moments'] }),
  ]
  const [found, ...others] = reports.filter(({ finding }) => finding !== undefined)
  assert.match(found?.finding?.error ?? '', /verifier: true; reference: object/)
  assert.equal(others.length, 0)
  assert.ok(reports.some(({ name }) => name === 'moments'))
})

test('inputs at the limits of size, nested and repeated, are answered and not thrown', () => {
  assert.ok(measureGrowth(world, 1).length >= 38)
})

test('the classes share out all inputs', () => {
  const names = new Set([...fuzz({ inputs: 200, seed: 1, world })].map(({ name }) => name))
  assert.deepEqual([...names], fuzzClassNames)
})

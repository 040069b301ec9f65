import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findJava } from '../parts/find-java.ts'
import { findPostgres } from '../parts/find-postgres.ts'
import { toPartMissing } from '../parts/part-missing.ts'
import { runRaces } from './races/run-races.ts'
import { runRefresh } from './refresh/run-refresh.ts'
import { runRevocation } from './run-revocation.ts'
import { toReport } from './verdicts/to-report.ts'

const findMissing = async (name: string, find: Promise<unknown>) =>
  await find.then(
    () => false as const,
    (error) => toPartMissing(name, error).skipReason,
  )
const skipWithoutPostgres = await findMissing('PostgreSQL', findPostgres())
const skip = skipWithoutPostgres || (await findMissing('Kafka', findJava()))
const common = { signal: new AbortController().signal, tell: () => undefined }

describe('chaos, in its short form', () => {
  test('R1 R2 R7 R8 hold while processes, links, database, broker and clocks fail', { skip }, async (t) => {
    const seed = Date.now() % 1_000_000
    const result = await runRevocation({ ...common, faults: 8, seed, people: 4 })
    t.diagnostic(`seed ${seed}\n${toReport(result)}`)
    const { history, world } = result
    assert.deepEqual(history.violations, [], `seed ${seed}`)
    const revocations = [...history.tallies].filter(([what]) => what.startsWith('revocation: '))
    assert.ok(revocations.reduce((sum, [, n]) => sum + n, 0) >= 10, 'hardly anything was revoked')
    for (const { name } of world.verifiers) {
      const { acceptedByView, refused } = history.countsOf(name)
      assert.ok(acceptedByView > 0 && refused > 0, `${name} did not verify in process`)
    }
  })

  test('a service that takes lag 0 for freshness is found out', { skip: skipWithoutPostgres }, async () => {
    // The first fault of this seed lasts longer than S.
    const only = 'black hole a-auth1'
    const bad = { ...common, variant: 'lag-0', kafka: false, faults: 1, seed: 7, only } as const
    const { history } = await runRevocation(bad)
    const { violations } = history
    assert.ok(violations.length > 0, 'nothing was found')
    for (const { property } of violations) assert.equal(property, 'R1')
  })

  test('R9 T10: of a login or a refresh that races with a revocation nothing works after', {
    skip: skipWithoutPostgres,
  }, async () => {
    const { counts, violations } = await runRaces({ ...common, count: 180, seed: Date.now() % 1_000_000 })
    assert.deepEqual(violations, [])
    const all = [...counts.values()]
    const sum = (of: (count: { races: number; issued: number }) => number) =>
      all.reduce((total, count) => total + of(count), 0)
    const [races, issued] = [sum((count) => count.races), sum((count) => count.issued)]
    assert.ok(races === 180 && issued > 0 && issued < races, `${issued} of ${races} issued: that was no race`)
  })

  test('T12: families refreshed by several clients under kills are linearizable', {
    skip: skipWithoutPostgres,
  }, async (t) => {
    const seed = Date.now() % 1_000_000
    const { violations, families, unanswered } = await runRefresh({ ...common, faults: 4, seed })
    t.diagnostic(`${families} families, ${unanswered} refreshes without an answer, seed ${seed}`)
    assert.deepEqual(violations, [], `seed ${seed}`)
    assert.ok(families > 0 && unanswered > 0, 'nothing was lost')
  })
})

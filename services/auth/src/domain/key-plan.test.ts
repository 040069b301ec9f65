import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  findKeyEnd,
  findMaker,
  hasEnded,
  isPublished,
  type KeyLife,
  type KeyTimes,
  toKeyState,
  toLeadMs,
} from './key-life.ts'
import { isRotationDue, type KeyPlan, planRevocation, planRotation } from './key-plan.ts'

const times: KeyTimes = {
  rotationMs: 10_000,
  publishedMaxAgeMs: 300,
  ringMaxAgeMs: 50,
  ringPollMs: 10,
  rotationCheckMs: 10,
  skewMs: 100,
  accessTtlMs: 1_000,
  refreshMaxMs: 5_000,
}
const leadMs = toLeadMs('signing', times)
const at = (ms: number) => new Date(ms)
const first = (): KeyLife => ({
  id: 'k0',
  purpose: 'signing',
  algorithm: 'ES256',
  createdAt: at(0),
  signsFrom: at(0),
  retiredAt: undefined,
  revokedAt: undefined,
})

/** The keys after a plan, as the store would hold them. */
function apply(keys: readonly KeyLife[], plan: KeyPlan | undefined, now: Date): readonly KeyLife[] {
  if (plan === undefined) return keys
  const changed = keys.map((key) => plan.changed.find(({ id }) => id === key.id) ?? key)
  if (plan.newFrom === undefined) return changed
  return [...changed, { ...first(), id: `k${keys.length}`, createdAt: now, signsFrom: plan.newFrom }]
}

const rotate = (keys: readonly KeyLife[], now: Date, atOnce: boolean) =>
  apply(keys, planRotation(keys, now, { purpose: 'signing', atOnce }, times), now)
const revoke = (keys: readonly KeyLife[], id: string, now: Date) => {
  const key = keys.find((one) => one.id === id)
  assert.ok(key)
  return apply(keys, planRevocation(keys, key, now, times), now)
}
const states = (keys: readonly KeyLife[], now: Date) => keys.map((key) => toKeyState(key, now))

describe('the plan for keys', () => {
  it('lets a successor sign when the last verifier has had the time to read it', () => {
    const keys = rotate([first()], at(5_000), false)
    assert.deepEqual(states(keys, at(5_000)), ['CURRENT', 'PLANNED'])
    assert.equal(findMaker(keys, at(5_000 + leadMs - 1))?.id, 'k0')
    assert.equal(findMaker(keys, at(5_000 + leadMs))?.id, 'k1')
    assert.deepEqual(states(keys, at(5_000 + leadMs)), ['RETIRED', 'CURRENT'])
  })

  it('publishes a retired key until the last token that a late instance may have made has ended', () => {
    const keys = rotate([first()], at(0), false)
    const end = leadMs + times.ringMaxAgeMs + times.accessTtlMs + times.skewMs
    assert.deepEqual(findKeyEnd(keys[0] as KeyLife, times), at(end))
    const published = (ms: number) =>
      keys.filter((key) => isPublished(key, at(ms), times)).map(({ id }) => id)
    assert.deepEqual(published(0), ['k0', 'k1'])
    assert.deepEqual(published(end - 1), ['k0', 'k1'])
    assert.deepEqual(published(end), ['k1'])
  })

  it('changes nothing while a successor is planned, but brings it forward at once where that is wished', () => {
    const keys = rotate([first()], at(0), false)
    assert.deepEqual(rotate(keys, at(10), false), keys)
    const forward = rotate(keys, at(10), true)
    assert.deepEqual(states(forward, at(10)), ['RETIRED', 'CURRENT'])
  })

  it('is due so that a key signs for its time and no longer', () => {
    const dueAt = 10_000 - leadMs
    assert.equal(isRotationDue([first()], at(dueAt - 1), 'signing', times), false)
    assert.equal(isRotationDue([first()], at(dueAt), 'signing', times), true)
    const keys = rotate([first()], at(dueAt), false)
    assert.deepEqual(keys[1]?.signsFrom, at(10_000))
    assert.equal(isRotationDue(keys, at(dueAt), 'signing', times), false)
    assert.equal(
      isRotationDue(keys, at(20_000), 'signing', { ...times, rotationMs: Number.POSITIVE_INFINITY }),
      false,
    )
  })

  it('is due at any time for another algorithm, but not while a successor is planned', () => {
    assert.equal(isRotationDue([first()], at(1), 'signing', times, 'ES256'), false)
    assert.equal(isRotationDue([first()], at(1), 'signing', times, 'EdDSA'), true)
    const keys = rotate([first()], at(1), false)
    assert.equal(isRotationDue(keys, at(2), 'signing', times, 'EdDSA'), false)
  })

  it('puts another key in the place of a revoked one at once, the planned one where there is one', () => {
    const alone = revoke([first()], 'k0', at(7))
    assert.deepEqual(states(alone, at(7)), ['REVOKED', 'CURRENT'])
    const planned = revoke(rotate([first()], at(0), false), 'k0', at(7))
    assert.deepEqual(states(planned, at(7)), ['REVOKED', 'CURRENT'])
    assert.equal(planned.length, 2, 'no third key is needed')
  })

  it('plans another successor in the place of a revoked one, and the key that signs goes on', () => {
    const keys = revoke(rotate([first()], at(0), false), 'k1', at(7))
    assert.deepEqual(states(keys, at(7)), ['CURRENT', 'REVOKED', 'PLANNED'])
    assert.equal(findMaker(keys, at(7 + leadMs - 1))?.id, 'k0')
    assert.equal(findMaker(keys, at(7 + leadMs))?.id, 'k2')
  })

  it('revokes a retired key and leaves the others alone', () => {
    const rotated = rotate([first()], at(0), true)
    const keys = revoke(rotated, 'k0', at(7))
    assert.deepEqual(states(keys, at(7)), ['REVOKED', 'CURRENT'])
    assert.deepEqual(keys[1], rotated[1])
  })

  type Step = {
    readonly wait: number
    readonly act: 'rotate' | 'now' | 'keep' | 'revoke'
    readonly which: number
  }
  const step: fc.Arbitrary<Step> = fc.record({
    wait: fc.integer({ min: 1, max: 4_000 }),
    act: fc.constantFrom('rotate', 'now', 'keep', 'revoke'),
    which: fc.nat(20),
  })

  it('R10: whatever is done, exactly one key signs at every instant, known long enough unless somebody was in a hurry', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let now = 0
        let keys: readonly KeyLife[] = [first()]
        const hurried = new Set(['k0'])
        for (const { wait, act, which } of steps) {
          now += wait
          const before = keys
          keys = take(keys, { act, which, wait }, at(now))
          for (const key of keys) if (isHurried(key, before, at(now))) hurried.add(key.id)
          assertSound(keys, before, now)
        }
        for (const key of keys.filter(({ id }) => !hurried.has(id))) {
          assert.ok(key.signsFrom.getTime() - key.createdAt.getTime() >= leadMs)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  function take(keys: readonly KeyLife[], { act, which }: Step, now: Date): readonly KeyLife[] {
    if (act === 'revoke') {
      const open = keys.filter(({ revokedAt }) => revokedAt === undefined)
      return revoke(keys, open[which % open.length]?.id ?? '', now)
    }
    if (act === 'keep' && !isRotationDue(keys, now, 'signing', times)) return keys
    return rotate(keys, now, act === 'now')
  }

  /** Signs from this very moment, and did not before. */
  function isHurried(key: KeyLife, before: readonly KeyLife[], now: Date): boolean {
    const known = before.find(({ id }) => id === key.id)
    return key.signsFrom.getTime() === now.getTime() && known?.signsFrom.getTime() !== now.getTime()
  }

  function assertSound(keys: readonly KeyLife[], before: readonly KeyLife[], now: number): void {
    assert.equal(keys.filter(({ retiredAt }) => retiredAt === undefined).length, 1)
    assert.ok(keys.filter((key) => toKeyState(key, at(now)) === 'PLANNED').length <= 1)
    for (const later of [0, 1, leadMs - 1, leadMs, leadMs + 1, 50_000]) {
      const current = keys.filter((key) => toKeyState(key, at(now + later)) === 'CURRENT')
      assert.equal(current.length, 1, `at ${now + later}`)
      assert.equal(findMaker(keys, at(now + later)), current[0])
    }
    for (const old of before) {
      const key = keys.find(({ id }) => id === old.id)
      assert.ok(key, 'no key is lost')
      if (old.revokedAt) assert.deepEqual(key.revokedAt, old.revokedAt, 'nothing is un-revoked')
      if (hasEnded(old, at(now), times)) assert.ok(hasEnded(key, at(now), times), 'an end never moves away')
    }
  }
})

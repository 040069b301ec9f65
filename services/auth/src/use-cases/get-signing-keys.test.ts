import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deps } from '../deps.ts'
import { getSigningKeys } from './get-signing-keys.ts'

test('others may keep the keys as long as the settings say, but only shortly where the instance cannot read them any more', () => {
  const settings = { keyTimes: { publishedMaxAgeMs: 300_000, ringMaxAgeMs: 30_000 } }
  const read = (ageMs: number) => {
    const keyRing = { jwksJson: '{}', status: () => ({ ageMs, signingKeyAgeMs: 0 }) }
    return getSigningKeys({ keyRing, settings } as unknown as Pick<Deps, 'keyRing' | 'settings'>)
  }
  assert.deepEqual(read(30_000), { jwksJson: '{}', maxAgeMs: 300_000 })
  assert.deepEqual(read(30_001), { jwksJson: '{}', maxAgeMs: 5_000 })
})

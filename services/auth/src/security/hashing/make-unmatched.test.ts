import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { hash, verify } from '@node-rs/argon2'
import { toArgon2Options } from './hash-job.ts'
import { makeUnmatched } from './make-unmatched.ts'

it('a hash that nothing matches looks like one of the same cost, and can be verified against', async () => {
  const cost = { memoryKib: 16, passes: 3 }
  const [real, unmatched] = [
    await hash('a password', toArgon2Options(cost)),
    makeUnmatched(cost, randomBytes),
  ]
  assert.equal(toCost(unmatched), toCost(real))
  assert.equal(unmatched.length, real.length)
  assert.equal(await verify(unmatched, 'a password'), false)
  assert.notEqual(makeUnmatched(cost, randomBytes), unmatched)
})

function toCost(phc: string): string {
  return phc.split('$').slice(0, 4).join('$')
}

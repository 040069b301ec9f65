import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CompiledQuery } from 'kysely'
import { AuthError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { type LookupAnswer, makeSessionLookup } from './session-lookup.ts'

interface RunningLookup {
  /** The sessions it asks for. */
  readonly sids: readonly string[]
  answer(row?: { epoch?: string | null; settled?: boolean | null; faults?: [number, string | null][] }): void
  fail(error: Error): void
}

/** A database whose look-ups answer when the test says so. */
function makeDatabase() {
  const lookups: RunningLookup[] = []
  const executeQuery = (query: CompiledQuery) =>
    new Promise((resolve, reject) => {
      const checkedAt = new Date(lookups.length * 1000)
      lookups.push({
        sids: query.parameters[0] as string[],
        answer: ({ epoch = '1.1.1', settled = true, faults } = {}) =>
          resolve({ rows: [{ checked_at: checkedAt, epoch, settled, faults: faults ?? null }] }),
        fail: reject,
      })
    })
  return { lookups, database: { kysely: { executeQuery } } as unknown as Pick<Database, 'kysely'> }
}

const toToken = (sid: string) => ({ keyId: 'key', claims: { jti: 'jti', sid, sub: 'user', tv: 1, iat: 1 } })
/** What was asked and answered before has had its turn. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('a request that comes while a look-up runs is not answered by it', async () => {
  const { database, lookups } = makeDatabase()
  const lookup = makeSessionLookup(database, 'issuer')
  const first = lookup.ask(toToken('a'))
  await turn()
  const answered: LookupAnswer[] = []
  const second = lookup.ask(toToken('b')).then((answer) => answered.push(answer))
  lookups[0]?.answer()
  assert.equal((await first).checkedAt.getTime(), 0)
  await turn()
  assert.equal(answered.length, 0)
  assert.deepEqual(lookups[1]?.sids, ['b'])
  lookups[1]?.answer()
  await second
  assert.equal(answered[0]?.checkedAt.getTime(), 1000)
})

test('all that wait share the next look-up, equal tokens a place in it', async () => {
  const { database, lookups } = makeDatabase()
  const lookup = makeSessionLookup(database, 'issuer')
  const first = lookup.ask(toToken('first'))
  await turn()
  const token = toToken('0')
  const waiting = [lookup.ask(token), lookup.ask(token)]
  for (let index = 1; index < 500; index++) waiting.push(lookup.ask(toToken(String(index))))
  await turn()
  assert.equal(lookups.length, 1)
  lookups[0]?.answer()
  await first
  await turn()
  assert.equal(lookups.length, 2)
  assert.equal(lookups[1]?.sids.length, 500)
  lookups[1]?.answer()
  await Promise.all(waiting)
  await turn()
  assert.equal(lookups.length, 2)
})

test('each token gets the fault of its own place', async () => {
  const { database, lookups } = makeDatabase()
  const lookup = makeSessionLookup(database, 'issuer')
  const tokens = ['ended', 'fine', 'deleted', 'suspended', 'unknown'].map(toToken)
  const answers = tokens.map((token) => lookup.ask(token))
  await turn()
  lookups[0]?.answer({
    faults: [
      [1, 'ACTIVE'],
      [3, 'DELETED'],
      [4, 'SUSPENDED'],
      [5, null],
    ],
  })
  const faults = await Promise.all(
    answers.map(async (answer, place) => (await answer).findFault(tokens[place] as (typeof tokens)[0])),
  )
  assert.deepEqual(faults, ['REVOKED', undefined, 'USER_DELETED', 'USER_SUSPENDED', 'REVOKED'])
})

test('a look-up that fails fails those who wait for it, and the next goes on', async () => {
  const { database, lookups } = makeDatabase()
  const lookup = makeSessionLookup(database, 'issuer')
  const fault = new AuthError('DATABASE_UNAVAILABLE')
  const first = lookup.ask(toToken('a'))
  await turn()
  const second = lookup.ask(toToken('b'))
  lookups[0]?.fail(fault)
  await assert.rejects(first, fault)
  await turn()
  lookups[1]?.answer()
  assert.equal((await second).findFault(toToken('b')), undefined)
})

test('a standby, a database of another history and one without an epoch answer nothing', async () => {
  for (const row of [{ settled: null }, { settled: false }, { settled: null, epoch: null }]) {
    const { database, lookups } = makeDatabase()
    const asked = makeSessionLookup(database, 'issuer').ask(toToken('a'))
    await turn()
    lookups[0]?.answer(row)
    await assert.rejects(asked, { reason: 'DATABASE_UNAVAILABLE' })
  }
})

test('a database that is behind an epoch seen before answers nothing, one that is ahead does', async () => {
  const { database, lookups } = makeDatabase()
  const lookup = makeSessionLookup(database, 'issuer')
  const answers: string[] = []
  for (const epoch of ['1.1.1', '1.2.2', '1.1.1', '1.2.2', '1.3.3']) {
    const asked = lookup.ask(toToken('a')).then(
      () => answers.push(epoch),
      ({ reason }) => answers.push(reason),
    )
    await turn()
    lookups.at(-1)?.answer({ epoch })
    await asked
    await turn()
  }
  assert.deepEqual(answers, ['1.1.1', '1.2.2', 'DATABASE_UNAVAILABLE', '1.2.2', '1.3.3'])
})

test('R2 in any interleaving a request is answered only by a look-up that started after it arrived, and one runs at a time', async () => {
  const steps = fc.array(fc.constantFrom('ask', 'ask', 'answer', 'fail', 'turn', 'microtask'), {
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { database, lookups } = makeDatabase()
      const lookup = makeSessionLookup(database, 'issuer')
      const asked: Promise<void>[] = []
      let ended = 0
      const end = (step: 'answer' | 'fail') => {
        const running = lookups[ended]
        if (running === undefined) return
        ended += 1
        if (step === 'answer') running.answer()
        else running.fail(new Error('broken'))
      }
      for (const [index, step] of plan.entries()) {
        if (step === 'ask')
          asked.push(assertFresh(lookup.ask(toToken(`${index}`)), lookups.length, `${index}`, lookups))
        else if (step === 'turn') await turn()
        else if (step === 'microtask') await undefined
        else end(step)
        assert.ok(lookups.length - ended <= 1, 'two look-ups run at once')
      }
      // At most the one that runs and the one that gathers are left.
      for (const _ of [1, 2, 3]) {
        await turn()
        end('answer')
      }
      await Promise.all(asked)
    }),
    { numRuns: 300 },
  )
})

/** The answer's look-up started when `before` others had, and asked for this token. */
async function assertFresh(
  answer: Promise<LookupAnswer>,
  before: number,
  sid: string,
  lookups: readonly RunningLookup[],
) {
  const checkedAt = await answer.then(
    ({ checkedAt }) => checkedAt.getTime() / 1000,
    (error) => assert.equal(error.message, 'broken'),
  )
  if (checkedAt === undefined) return
  assert.ok(checkedAt >= before, `asked after look-up ${before - 1} had started, answered by ${checkedAt}`)
  assert.ok(lookups[checkedAt]?.sids.includes(sid))
}

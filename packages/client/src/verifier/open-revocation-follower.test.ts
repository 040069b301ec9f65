import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Doubt } from './freshness-status.ts'
import { makeRevocationView } from './make-revocation-view.ts'
import { RevocationDoubt, type RevocationEntry } from './revocation.ts'
import { SimulatedClient, stalenessMs, type Variant } from './test/simulate-client.ts'
import { variants } from './test/variants.ts'
import { toTokenSubjects } from './to-token-subjects.ts'

const someone = (n: number): RevocationEntry => ({ type: 'session', subject: `s${n}` })

/** Revokes at each moment of a bootstrap, and says at which the revocation is not in R when FRESH is first said. */
async function findMissing(variant: Variant): Promise<number[]> {
  const missing: number[] = []
  for (let atMs = 0; atMs < 620; atMs += 4) {
    const client = new SimulatedClient(1, variant)
    const { time, world, follower } = client
    world.delayMs = 13
    for (let n = 0; n < 5; n++) world.revoke(someone(n))
    const token = client.issue()
    assert.ok(token)
    time.at(atMs, () => client.revoke(token))
    while (follower.readFreshness().state !== 'FRESH' || time.nowMs < atMs) {
      // Judged at the moment FRESH is said and not a turn later.
      await time.run(time.nowMs + 1)
      if (follower.readFreshness().state === 'FRESH' && time.nowMs < atMs + 2 * stalenessMs) break
    }
    const claims = JSON.parse(token.text)
    const isKnown = follower.view.isRevoked(toTokenSubjects(claims, 'k1'))
    if (time.nowMs > atMs && !isKnown && isBefore(client, atMs)) missing.push(atMs)
    await client.end()
  }
  return missing
}

/** Whether the revocation was acknowledged before the moment that the view claims to be complete for. */
function isBefore({ follower, time }: SimulatedClient, atMs: number): boolean {
  const { ageMs = 0 } = follower.readFreshness()
  return atMs < time.nowMs - ageMs
}

test('R5: a revocation at any point of the bootstrap is in R when FRESH is first said', async () => {
  assert.deepEqual(await findMissing({}), [])
})

test('R5 catches: snapshot before subscribe', async () => {
  const { 'snapshot before subscribe': variant } = variants
  assert.ok(variant)
  assert.notDeepEqual(await findMissing(variant), [])
})

type Act = (client: SimulatedClient) => void

/** What is done to a FRESH client, and what its status says when it no longer judges by itself. */
const doubts: readonly (readonly [title: string, reason: Doubt | 'AGE', act: Act, variant?: Variant])[] = [
  ['the relay is dead', 'AGE', ({ world }) => (world.isRelayDead = true)],
  ['the network is cut', 'AGE', ({ world }) => (world.isCut = true)],
  ['the reader hears everything late', 'AGE', ({ world }) => (world.delayMs = 4_000)],
  ['a revocation is lost', 'GAP', ({ world }) => world.loseRecord(someone(1))],
  ['the epoch changes', 'EPOCH_CHANGED', ({ world }) => world.restore(0)],
  [
    'a record cannot be read',
    'UNREADABLE_RECORD',
    ({ world }) => {
      world.poison.add(world.log.length + 1)
      world.revoke(someone(1))
    },
  ],
  [
    'a record is of no known type',
    'UNREADABLE_RECORD',
    ({ world }) => world.revoke({ type: 'realm', subject: 'x' } as unknown as RevocationEntry),
  ],
  [
    'the place in the log is gone',
    'OUT_OF_RANGE',
    ({ world }) => {
      world.poison.add(world.log.length + 1)
      world.readPoison = () => new RevocationDoubt('OUT_OF_RANGE', 'gone')
      world.revoke(someone(1))
    },
  ],
  [
    'there are too many revocations',
    'MEMORY_LIMIT',
    ({ world }) => {
      for (let n = 0; n < 4; n++) world.revoke(someone(n))
    },
    { view: () => makeRevocationView({ maxTextEntries: 3 }) },
  ],
  ['the wall clock is set back', 'CLOCK_STEP', ({ clock }) => (clock.wallSkewMs -= 5_000)],
  ['the wall clock is set forward', 'CLOCK_STEP', ({ clock }) => (clock.wallSkewMs += 5_000)],
  ['the machine was suspended', 'CLOCK_STEP', ({ clock }) => (clock.sleptMs += 1_000)],
  [
    "the database's clock is set forward",
    'AHEAD_OF_DATABASE',
    ({ world }) => (world.databaseSkewMs += 5_000),
  ],
  ["the database's clock is set back", 'AGE', ({ world }) => (world.databaseSkewMs -= 5_000)],
  ['the follower is closed', 'CLOSED', ({ follower }) => void follower.close()],
]

for (const [title, reason, act, variant] of doubts) {
  test(`R6: ${title}: ${reason}, and within S nothing is accepted in process`, async () => {
    const client = new SimulatedClient(3, variant)
    const { time, world, follower, local } = client
    const token = client.issue()
    assert.ok(token)
    await time.run(3_000)
    await client.run(3_500)
    assert.equal(follower.status().state, 'FRESH')
    assert.ok(local.counts().local > 0)
    world.isReadDown = true
    act(client)
    await client.run(3_500 + stalenessMs)
    const before = local.counts()
    await client.run(6_500 + stalenessMs)
    const status = follower.status()
    assert.equal(status.reason, reason)
    assert.notEqual(status.state, 'FRESH')
    const after = local.counts()
    assert.equal(after.local, before.local)
    if (!world.isCut && title !== 'the epoch changes') {
      assert.ok(after.remote + after.unavailable > before.remote + before.unavailable)
    }
    await client.end()
  })
}

test('after a doubt everything is read anew and the view is FRESH again', async () => {
  const client = new SimulatedClient(4)
  const { time, world, follower } = client
  await time.run(2_000)
  world.loseRecord(someone(1))
  await time.run(2_530)
  assert.equal(follower.status().reason, 'GAP')
  await time.run(6_000)
  const { state, rseq, epoch, term, entries } = follower.status()
  assert.deepEqual(
    { state, rseq, epoch, term, entries },
    { state: 'FRESH', rseq: 1, epoch: 'e1', term: 1, entries: 1 },
  )
  await client.end()
})

test('a broken stream is taken up where it ended, without another snapshot', async () => {
  let snapshots = 0
  const client = new SimulatedClient(5, {
    source: (source) => ({
      ...source,
      snapshot: (signal) => {
        snapshots++
        return source.snapshot(signal)
      },
    }),
  })
  const { time, world, follower } = client
  await time.run(2_000)
  world.breakStreams()
  world.revoke(someone(1))
  await time.run(2_050)
  assert.equal(follower.status().state, 'FRESH', 'a broken stream alone is no doubt')
  await time.run(4_000)
  const { state, rseq, entries } = follower.status()
  assert.deepEqual([state, rseq, entries, snapshots], ['FRESH', 1, 1, 1])
  await client.end()
})

test('a stream that hangs is given up after 5 s of silence, and a snapshot that hangs after 30 s', async () => {
  let hangs = true
  const client = new SimulatedClient(6, {
    source: (source) => ({
      ...source,
      snapshot: (signal) =>
        hangs
          ? { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
          : source.snapshot(signal),
    }),
  })
  const { time, follower } = client
  await time.run(29_000)
  assert.equal(follower.status().reason, 'BOOTSTRAPPING')
  hangs = false
  await time.run(33_000)
  assert.equal(follower.status().state, 'FRESH')
  await client.end()
})

test('sources that throw at once, end at once or say nonsense keep the view UNKNOWN and are asked again', async () => {
  let asked = 0
  const client = new SimulatedClient(9, {
    source: (source) => ({
      ...source,
      snapshot: (signal) => {
        if (++asked === 1) throw new Error('at once')
        if (asked === 2) return (async function* () {})()
        return source.snapshot(signal)
      },
      status: async (signal) => {
        const status = await source.status(signal)
        return asked === 2 ? { ...status, databaseTime: new Date(Number.NaN) } : status
      },
      watch: (from, signal) => {
        if (asked === 4) throw new Error('at once')
        return source.watch(from, signal)
      },
    }),
  })
  const { time, follower } = client
  await time.run(200)
  assert.equal(follower.status().state, 'UNKNOWN')
  await time.run(1_000)
  assert.equal(follower.status().state, 'UNKNOWN')
  asked = 3
  await time.run(12_000)
  assert.equal(follower.status().state, 'FRESH')
  await client.end()
})

test('another epoch is noticed by the measurement too, while no stream can be opened', async () => {
  let isClosed = false
  const client = new SimulatedClient(10, {
    source: (source) => ({
      ...source,
      watch: (from, signal) => {
        if (isClosed) throw new Error('refused')
        return source.watch(from, signal)
      },
    }),
  })
  const { time, world, follower } = client
  await time.run(2_000)
  isClosed = true
  world.breakStreams()
  world.restore(0)
  await time.run(15_000)
  assert.equal(follower.status().reason, 'EPOCH_CHANGED')
  isClosed = false
  await time.run(25_000)
  assert.deepEqual([follower.status().state, follower.epoch], ['FRESH', 'e1+'])
  await client.end()
})

test('revocations of an epoch that was left are no news; the new one begins with an R of its own', async () => {
  const client = new SimulatedClient(7)
  const { time, world, follower } = client
  world.revoke(someone(1))
  await time.run(2_000)
  world.restore(1)
  await time.run(6_000)
  assert.deepEqual([follower.status().state, follower.epoch, follower.view.entries], ['FRESH', 'e1+', 1])
  await client.end()
})

test('nothing is followed after close, which may be called twice', async () => {
  const client = new SimulatedClient(8)
  await client.time.run(2_000)
  await client.end()
  await client.follower.close()
  assert.equal(client.follower.status().reason, 'CLOSED')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CachedUser } from './cached-user.ts'
import type { CachedUsersParts } from './open-cached-users.ts'
import { UserWorld } from './test/user-world.ts'
import { type UserRead, UserTable } from './user-table.ts'

const seeds = 25
const userIds = ['u1', 'u2', 'u3', 'u4']
const forMs = 40_000

async function live(seed: number, change?: (parts: CachedUsersParts) => Partial<CachedUsersParts>) {
  const world = new UserWorld(seed, change)
  await world.live(userIds, forMs)
  await world.close()
  return world
}

test('R13: whatever is late, lost, repeated or cut, nobody is active later than S after the end of it', async () => {
  let [memory, answered] = [0, 0]
  for (let seed = 1; seed <= seeds; seed++) {
    const world = await live(seed)
    assert.deepEqual(world.violations, [], `seed ${seed}`)
    assert.deepEqual(world.tooOld, [], `seed ${seed}: older than minVersion`)
    memory += world.users.status().counts.memory
    answered += world.answered
  }
  // A cache that always asks would hold R13, too.
  assert.ok(memory > answered / 3, `${memory} of ${answered} from memory`)
})

/** Lists nobody: all that is known was asked for or told. */
function listNobody({ source }: CachedUsersParts): Partial<CachedUsersParts> {
  return { source: { ...source, list: async function* () {} } }
}

test('R13 rests on revocations alone: it holds where users are never listed', async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    assert.deepEqual((await live(seed, listNobody)).violations, [], `seed ${seed}`)
  }
})

class DeafTable extends UserTable {
  override hear(): void {}
}

class ForgetsReads extends UserTable {
  override beginRead(): UserRead {
    return { generation: this.generation, since: Number.POSITIVE_INFINITY }
  }
}

class TrustsEvents extends UserTable {
  override takeChange(user: CachedUser, epoch: string): void {
    const read = this.beginRead()
    this.put(user, read)
    this.endRead(read)
    super.takeChange(user, epoch)
  }
}

class NeverBeginsAnew extends UserTable {
  override begin(epoch: string): void {
    if (this.epoch === undefined) super.begin(epoch)
  }
}

const variants: Record<string, (parts: CachedUsersParts) => Partial<CachedUsersParts>> = {
  'serves while stale': ({ freshness }) => ({
    freshness: { readFreshness: () => ({ ...freshness.readFreshness(), state: 'FRESH' }) },
  }),
  'follows events only': () => ({ table: new DeafTable() }),
  'takes answers from before a revocation for ones after it': () => ({ table: new ForgetsReads() }),
  'is certain of whom an event tells': () => ({ table: new TrustsEvents() }),
  'goes on as before when revocations were missed': (parts) => ({
    ...listNobody(parts),
    table: new NeverBeginsAnew(),
  }),
}

for (const [title, change] of Object.entries(variants)) {
  test(`R13 catches a cache that ${title}`, async (t) => {
    for (let seed = 1; seed <= seeds * 4; seed++) {
      if ((await live(seed, change)).violations.length > 0) return t.diagnostic(`after ${seed} seeds`)
    }
    assert.fail('no violation was found')
  })
}

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { waitUntil } from '../test/wait-until.ts'
import { VirtualClock, VirtualTime } from '../verifier/test/virtual-time.ts'
import type { CachedUser } from './cached-user.ts'
import { openUserFeed } from './open-user-feed.ts'
import { makeUser } from './test/open-user-cache.ts'
import { UserTable } from './user-table.ts'

const count = 5_000

/** A feed of one large part, and what is called for each of its users. */
function openFeed(t: TestContext, onUser: () => void = () => undefined) {
  const table = new UserTable()
  function* makePart(): Iterable<CachedUser> {
    for (let n = 0; n < count; n++) {
      onUser()
      yield makeUser(`u${n}`)
    }
  }
  const feed = openUserFeed({
    table,
    clock: new VirtualClock(new VirtualTime()),
    logger: { warn: () => undefined, error: () => undefined },
    source: {
      silenceMs: undefined,
      async *list() {
        yield makePart()
      },
      follow: (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    },
  })
  t.after(() => feed.close())
  const begin = () => {
    table.begin('e')
    feed.loadAnew()
  }
  begin()
  return { table, feed, begin }
}

test('R13: who is revoked while a part is taken is not certain, taken before or after', async (t) => {
  const { feed, table } = openFeed(t)
  await waitUntil('some users', () => table.size > 0)
  assert.ok(table.size < count, 'others have their turn before the end')
  table.hear('u0')
  table.hear(`u${count - 1}`)
  await feed.warm()
  const trusts = ['u0', 'u1', `u${count - 2}`, `u${count - 1}`].map((id) => table.find(id)?.trust)
  assert.deepEqual(trusts, ['revoked', 'certain', 'certain', 'revoked'])
})

test('R13: a part that is being taken when revocations are read anew is left, and all are listed again', async (t) => {
  let taken = 0
  const { begin, feed, table } = openFeed(t, () => taken++)
  await waitUntil('some users', () => table.size > 0)
  begin()
  await feed.warm()
  assert.ok(taken < 2 * count, `${taken} users were taken`)
  assert.deepEqual([table.size, table.find('u0')?.trust], [count, 'certain'])
})

test('closing does not wait for the end of a part', async (t) => {
  let taken = 0
  const { feed, table } = openFeed(t, () => taken++)
  await waitUntil('some users', () => table.size > 0)
  await feed.close()
  assert.ok(taken < count, `${taken} users were taken`)
})

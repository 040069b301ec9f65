import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { EventInfo } from '@immersiverse/auth-client'
import { openCounts } from './open-counts.ts'

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'counts-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function at(eventId: string, day = '2026-11-22'): EventInfo {
  return { eventId, topic: 'auth.events.login_succeeded', time: new Date(day) } as EventInfo
}

test('an event that was counted is not counted again, after a restart neither, in whatever order they end', async (t) => {
  const folder = await makeFolder(t)
  const counts = await openCounts(folder)
  await Promise.all(['e1', 'e3', 'e3', 'e1', 'e2'].map((id) => counts.count('logins', at(id))))
  assert.equal(counts.stats().total.logins, 3)
  const again = await openCounts(folder)
  await again.count('logins', at('e2'))
  await again.count('logins', at('e4'))
  assert.equal(again.stats().total.logins, 4)
})

test('the last two thousand events are remembered', async (t) => {
  const counts = await openCounts(await makeFolder(t))
  for (let n = 0; n <= 2000; n += 1) await counts.count('logins', at(`e${n}`))
  await counts.count('logins', at('e1'))
  assert.equal(counts.stats().total.logins, 2001)
  await counts.count('logins', at('e0'))
  assert.equal(counts.stats().total.logins, 2002)
})

test('over WatchEvents the position is the one that the client gives, up to which all is counted', async (t) => {
  const folder = await makeFolder(t)
  const counts = await openCounts(folder)
  assert.equal(counts.position.load(), undefined)
  await counts.count('signUps', at('e1'))
  assert.equal((await openCounts(folder)).position.load(), undefined)
  await counts.position.save('p1')
  const again = await openCounts(folder)
  assert.equal(again.position.load(), 'p1')
  await again.count('signUps', at('e1'))
  assert.equal(again.stats().total.signUps, 1)
})

test('days are kept apart, the last ninety of them', async (t) => {
  const counts = await openCounts(await makeFolder(t))
  for (let day = 0; day < 100; day += 1) {
    const date = new Date(Date.UTC(2026, 0, 1 + day)).toISOString()
    await counts.count('logins', at(`e${day}`, date))
  }
  const { total, days } = counts.stats()
  assert.equal(total.logins, 100)
  assert.equal(Object.keys(days).length, 90)
  assert.equal(days['2026-01-01'], undefined)
})

test('a file that cannot be read stops the start: counting from zero would be a lie', async (t) => {
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'counts.json'), '{"total":')
  await assert.rejects(openCounts(folder), SyntaxError)
})

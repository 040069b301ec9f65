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

function at(origin: EventInfo['origin'], day = '2026-11-22'): EventInfo {
  return { topic: 'auth.events.login_succeeded', time: new Date(day), origin } as EventInfo
}

test('an offset that was counted is not counted again, after a restart neither', async (t) => {
  const folder = await makeFolder(t)
  const counts = await openCounts(folder)
  await Promise.all(
    [0n, 1n, 1n, 0n, 2n].map((offset) => counts.count('logins', at({ partition: 3, offset }))),
  )
  await counts.count('logins', at({ partition: 4, offset: 0n }))
  assert.equal(counts.stats().total.logins, 4)
  const again = await openCounts(folder)
  await again.count('logins', at({ partition: 3, offset: 2n }))
  assert.equal(again.stats().total.logins, 4)
})

test('over WatchEvents the position moves with the counts, not after them', async (t) => {
  const folder = await makeFolder(t)
  const counts = await openCounts(folder)
  assert.equal(counts.position.load(), undefined)
  await counts.count('signUps', at({ position: 'p1' }))
  // A crash before the position is saved: it was kept with the count.
  assert.equal((await openCounts(folder)).position.load(), 'p1')
})

test('days are kept apart, the last ninety of them', async (t) => {
  const counts = await openCounts(await makeFolder(t))
  for (let day = 0; day < 100; day += 1) {
    const date = new Date(Date.UTC(2026, 0, 1 + day)).toISOString()
    await counts.count('logins', at({ position: `p${day}` }, date))
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

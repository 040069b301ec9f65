import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { compareFolders } from './compare-folders.ts'

test('folders differ by what is missing, changed and stale', async (t) => {
  const wanted = await makeFolder(t, { 'a/same.js': '1', 'a/changed.js': '1', 'new.js': '1' })
  const present = await makeFolder(t, { 'a/same.js': '1', 'a/changed.js': '2', 'old/stale.js': '1' })
  assert.deepEqual(await compareFolders(wanted, present), {
    missing: ['new.js'],
    changed: ['a/changed.js'],
    stale: ['old/stale.js'],
  })
  const nothing = await compareFolders(wanted, join(wanted, 'not-there'))
  assert.deepEqual(nothing, { missing: ['a/changed.js', 'a/same.js', 'new.js'], changed: [], stale: [] })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootFolder } from '../process/root-folder.ts'
import { equivalents } from './equivalents.ts'
import { listMutations } from './list-mutations.ts'

test('every change that is said to mean the same is one that the tool makes', () => {
  for (const { change, file, why } of equivalents) {
    const source = readFileSync(join(rootFolder, file), 'utf8')
    const changes = listMutations(source).map(
      ({ start, end, text }) => `${source.slice(start, end).slice(0, 60)} → ${text.slice(0, 60)}`,
    )
    assert.ok(changes.includes(change), `${file} has no ${change}`)
    assert.notEqual(why, '')
  }
})

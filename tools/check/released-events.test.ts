import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { rootFolder } from '../process/root-folder.ts'
import { acceptEvents, checkReleasedEvents, releasedEvents } from './released-events.ts'

test('events that grow are accepted, those that break their readers are refused and the released ones stay', async (t) => {
  const text = await readFile(join(rootFolder, 'asyncapi.yaml'), 'utf8')
  const root = await makeFolder(t, {
    'asyncapi.yaml': text.replace('address: auth.events.logged_out', 'address: old'),
  })
  assert.deepEqual(await checkReleasedEvents(root), [])
  await acceptEvents(root)
  const released = await readFile(join(root, releasedEvents), 'utf8')

  await writeFile(join(root, 'asyncapi.yaml'), text)
  assert.deepEqual(await checkReleasedEvents(root), ['the topic old is gone'])
  await assert.rejects(acceptEvents(root), /refused: these changes break/)
  assert.equal(await readFile(join(root, releasedEvents), 'utf8'), released)
})

test('this repository has accepted its events', async () => {
  const released = await readFile(join(rootFolder, releasedEvents), 'utf8')
  assert.match(released, /^asyncapi: 3\.0\.0$/m)
})

import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runBuf } from '../buf/run-buf.ts'
import { makeFolder } from '../process/make-folder.ts'
import { rootFolder } from '../process/root-folder.ts'
import { acceptContract, checkReleasedContract, releasedContract } from './released-contract.ts'

const proto = (fields: string) => `syntax = "proto3";\npackage a.v1;\nmessage Thing {\n${fields}\n}\n`

test('a contract that grows is accepted, one that breaks its users is refused and keeps the released one', async (t) => {
  const { root, write } = await openContract(t, proto('string name = 1;'))
  assert.equal((await checkReleasedContract(root)).code, 0)
  await acceptContract(root)

  await write(proto('string name = 1;\nstring colour = 2;'))
  assert.equal((await checkReleasedContract(root)).code, 0)
  await acceptContract(root)
  const released = await readFile(join(root, releasedContract))

  await write(proto('string name = 1;'))
  const broken = await checkReleasedContract(root)
  assert.notEqual(broken.code, 0)
  assert.match(broken.output, /field "2".*was deleted/)
  await assert.rejects(acceptContract(root), /refused: these changes break/)
  assert.deepEqual(await readFile(join(root, releasedContract)), released)
})

test('the lint of this repository finds what is against the standard', async (t) => {
  const { root } = await openContract(t, proto('string Name = 1;'))
  const { code, output } = await runBuf(['lint'], root)
  assert.notEqual(code, 0)
  assert.match(output, /lower_snake_case/)
})

async function openContract(t: TestContext, text: string) {
  const root = await makeFolder(t, { 'proto/a/v1/thing.proto': text })
  await copyFile(join(rootFolder, 'buf.yaml'), join(root, 'buf.yaml'))
  return { root, write: (changed: string) => writeFile(join(root, 'proto/a/v1/thing.proto'), changed) }
}

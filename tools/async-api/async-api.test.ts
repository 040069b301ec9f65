import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { listTopicPolicies } from '@immersiverse/auth-contract'
import { Ajv } from 'ajv'
import ajvFormats from 'ajv-formats'
import { parse } from 'yaml'
import { asyncApiFile } from './generate-async-api.ts'

const document = parse(await readFile(asyncApiFile, 'utf8'))
const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json')

// It brings the meta schema of draft 7 itself.
function makeValidate() {
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false })
  ajvFormats.default(ajv)
  return ajv.compile(schema)
}

test('asyncapi.yaml is a document of AsyncAPI 3.0.0, by its own JSON Schema', () => {
  const validate = makeValidate()
  assert.equal(validate(document), true, JSON.stringify(validate.errors?.slice(0, 5)))
  assert.equal(document.asyncapi, '3.0.0')
  const broken = structuredClone(document)
  broken.operations.send_user_created.action = 'shout'
  assert.equal(validate(broken), false)
})

test('it has a channel for every topic of the contract, with its partitions', () => {
  const channels = Object.values<{ address: string; bindings: { kafka: { partitions: number } } }>(
    document.channels,
  )
  assert.deepEqual(
    channels.map(({ address, bindings }) => [address, bindings.kafka.partitions]),
    listTopicPolicies().map(({ topic, partitions }) => [topic, partitions]),
  )
})

test('every reference in it leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
    ([, path]) => path ?? '',
  )
  assert.ok(references.length > 20)
  for (const path of references) {
    const found = path
      .split('/')
      .reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], document)
    assert.notEqual(found, undefined, path)
  }
})

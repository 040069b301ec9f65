import fc from 'fast-check'
import { count, Disagreement, type MakeFuzzClass } from '../fuzz-class.ts'
import { editJson, jsonEdits } from '../json-edits.ts'
import { JsonMembers, readJson } from '../reference/read-json.ts'

const names = [
  'a',
  'b',
  '\\u0061',
  '',
  '__proto__',
  'é',
  '\\"',
  '\\\\',
  'a\\\\',
  '\\/',
  '/',
  '\\n',
  'a b',
  '{',
  '}',
  ',',
  ':',
]
const scalars = [
  '0',
  '-0',
  '1e5',
  '"a"',
  '""',
  '"\\""',
  '"\\\\"',
  '"\\\\\\""',
  'true',
  'null',
  '"{\\"a\\":"',
  '"]"',
  '1.5E-7',
]

const trees = fc.letrec<{ value: string; object: string }>((tie) => ({
  object: fc
    .array(fc.tuple(fc.constantFrom(...names), tie('value')), { maxLength: 4 })
    .map((members) => `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`),
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 4, arbitrary: fc.constantFrom(...scalars) },
    { weight: 2, arbitrary: tie('object') },
    {
      weight: 1,
      arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
    },
  ),
}))

const inputs = fc.record(
  {
    text: fc.oneof(
      { weight: 6, arbitrary: trees.object },
      { weight: 1, arbitrary: trees.value },
      fc.string(),
    ),
    edits: jsonEdits,
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/** JSON and near-JSON: what is an object of JSON, with each name once at every depth. */
export const makeJsonClass: MakeFuzzClass<Input> = (_world, subject, tally) => ({
  inputs,
  check: ({ text, edits }) => {
    const edited = editJson(text, edits)
    const bytes = Buffer.from(edited)
    const reads = subject.readsJson(bytes)
    const rule = findFault(bytes)
    if (reads !== (rule === undefined)) {
      throw new Disagreement(reads, rule ?? 'JSON', {
        base64: bytes.toString('base64'),
        text: bytes.toString(),
      })
    }
    count(tally, rule)
  },
})

function findFault(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) return 'UTF-8'
  const read = readJson(text)
  if (read === undefined) return 'JSON'
  if (!read.ends) return 'ends'
  if (!(read.value instanceof JsonMembers)) return 'object'
  return read.namesOnce ? undefined : 'names once'
}

import fc from 'fast-check'
import { allowed } from '../compare-tokens.ts'
import { count, Disagreement, type MakeFuzzClass } from '../fuzz-class.ts'
import { editJson, jsonEdits } from '../json-edits.ts'
import { editJwk, jwkEdits } from '../jwk-edits.ts'
import { readKeySet } from '../reference/read-key-set.ts'
import { BrokenRule, makeInsist } from '../reference/rules.ts'
import type { World } from '../world.ts'

const inputs = fc.record(
  {
    keys: fc.array(fc.tuple(fc.nat(9_999), fc.array(jwkEdits, { maxLength: 2 })), { maxLength: 3 }),
    extra: fc.constantFrom(
      'none',
      'none',
      'none',
      'null',
      'text',
      'list',
      'same kid',
      'keys elsewhere',
      'many',
    ),
    json: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: jsonEdits }),
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

const insist = makeInsist()

/** JWK Sets of every shape: the subject must find the keys that the reference finds, by the same algorithms, or refuse the set as it does. */
export const makeKeySetClass: MakeFuzzClass<Input> = (world, subject, tally) => ({
  inputs,
  check: (input) => {
    const edited = editJson(toDocument(world, input), input.json)
    const text = typeof edited === 'string' ? edited : Buffer.from(edited).toString('utf8')
    const found = subject.readKeySet(text)
    const expected = judge(text)
    const [names, rule] = typeof expected === 'string' ? [undefined, expected] : expected
    if (JSON.stringify(found) !== JSON.stringify(names)) {
      throw new Disagreement(found ?? 'refused', [names ?? 'refused', rule], { text })
    }
    count(tally, rule)
  },
})

/** The keys and the rule that the first of the others broke; or the rule for which the whole set is refused. */
function judge(text: string): readonly [names: readonly string[], rule: string | undefined] | string {
  try {
    const { keys, left } = readKeySet(text, allowed, insist)
    return [[...keys].map(([keyId, { algorithm }]) => `${keyId} ${algorithm}`), left[0]]
  } catch (error) {
    if (error instanceof BrokenRule) return error.rule
    throw error
  }
}

function toDocument(world: World, { keys, extra }: Input): string {
  const jwks: unknown[] = keys.map(([at, edits]) => {
    const { jwk } = world.keys[at % world.keys.length] ?? {}
    return edits.reduce((edited, edit) => editJwk(edited, edit), { ...jwk })
  })
  if (extra === 'null') jwks.push(null)
  if (extra === 'text') jwks.unshift('key')
  if (extra === 'list') jwks.push([world.keys[0]?.jwk])
  if (extra === 'same kid') jwks.push(jwks[0])
  if (extra === 'many') jwks.push(...Array.from({ length: 252 + keys.length * 2 }, () => null))
  return JSON.stringify(extra === 'keys elsewhere' ? { keys: { keys: jwks }, jwks } : { keys: jwks })
}

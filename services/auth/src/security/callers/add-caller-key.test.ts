import assert from 'node:assert/strict'
import { it } from 'node:test'
import { addCallerKey } from './add-caller-key.ts'
import { readCallerPolicy } from './read-caller-policy.ts'

const [chat, batch] = ['spiffe://immersiverse/ns/prod/sa/chat', 'spiffe://immersiverse/ns/prod/sa/batch']
const getUser = 'auth.v1.UserService/GetUser'
const jwk = { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43) } as const
const rules = { methods: new Map([[getUser, new Set<string>()]]), trustDomain: 'immersiverse' }

/** A file of nobody. */
const none = 'callers: []\n'
const add = (text: string, id: string, kid: string) => addCallerKey(text, { id, kid, jwk, allow: [getUser] })

/** What a callers file says: who may call what, and the `kid`s of each. */
function read(text: string) {
  const { policy, faults } = readCallerPolicy(text, rules)
  assert.deepEqual(faults, [], text)
  return [...policy.values()].map(({ id, grants, keys }) => [
    id,
    [...grants.keys()],
    keys.map(({ kid }) => kid),
  ])
}

it('a caller who is not in the file yet is added with its key, and one who is gets one more', () => {
  const first = add(none, chat, 'a')
  assert.deepEqual(read(first), [[chat, [getUser], ['a']]])
  const second = add(first, batch, 'b')
  assert.deepEqual(read(add(second, batch, 'c')), [
    [chat, [getUser], ['a']],
    [batch, [getUser], ['b', 'c']],
  ])
  assert.deepEqual(read(add(second, chat, 'c')), [
    [chat, [getUser], ['a', 'c']],
    [batch, [getUser], ['b']],
  ])
})

it('the key is the one that was made', () => {
  const { policy } = readCallerPolicy(add(none, chat, 'a'), rules)
  assert.deepEqual(policy.get(chat)?.keys, [{ kid: 'a', jwk }])
})

it('a caller without keys gets its first, and what else stands in the file stays as it is', () => {
  const [head, tail] = [
    `# who may call
callers:
  - id: ${chat} # by mTLS
    allow: [ ${getUser} ]
`,
    `  - id: ${batch}
    allow:
      - ${getUser}
`,
  ]
  const keys = `    keys:
      - { kid: a, kty: EC, crv: P-256, x: ${jwk.x}, y: ${jwk.y} }
`
  assert.equal(add(head + tail, chat, 'a'), head + keys + tail)
})

it('entries that are none are left for who reads the file', () => {
  assert.match(add(`callers: [1, { id: ${batch} }]\n`, chat, 'a'), /^callers: \[ 1, .* kid: a,/)
})

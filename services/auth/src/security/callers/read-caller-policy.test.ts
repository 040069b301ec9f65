import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readCallerPolicy } from './read-caller-policy.ts'

const id = 'spiffe://immersiverse/ns/prod/sa/chat-service'
const rules = {
  methods: new Map([
    ['auth.v1.UserService/GetUser', new Set<string>()],
    ['auth.v1.UserService/UpdateUser', new Set(['email', 'subscription_tier'])],
  ]),
  trustDomain: 'immersiverse',
}
const listFaults = (text: string) => readCallerPolicy(text, rules).faults
const toFile = (...lines: string[]) =>
  ['callers:', `  - id: ${id}`, ...lines.map((line) => `    ${line}`)].join('\n')
const allow = 'allow: [auth.v1.UserService/GetUser]'

describe('readCallerPolicy', () => {
  it('reads methods, fields, limits and addresses', () => {
    const text = toFile(
      'allow:',
      '  - auth.v1.UserService/GetUser',
      '  - { method: auth.v1.UserService/UpdateUser, fields: [subscription_tier] }',
      'limit: { perSecond: 200, burst: 400 }',
      'addresses: [10.0.0.0/8, "fd00::/8", 192.0.2.7]',
    )
    const { policy, faults } = readCallerPolicy(text, rules)
    assert.deepEqual(faults, [])
    const entry = policy.get(id)
    assert.deepEqual(entry?.limit, { perSecond: 200, burst: 400 })
    assert.deepEqual(
      [...(entry?.grants ?? [])].map(([method, { fields }]) => [method, fields && [...fields]]),
      [
        ['auth.v1.UserService/GetUser', undefined],
        ['auth.v1.UserService/UpdateUser', ['subscription_tier']],
      ],
    )
    const addresses = [
      '10.9.8.7',
      '::ffff:10.9.8.7',
      'fd12::1',
      '192.0.2.7',
      '11.0.0.1',
      '192.0.2.8',
      '::1',
      '',
    ]
    assert.deepEqual(
      addresses.filter((address) => entry?.isAddressAllowed(address)),
      ['10.9.8.7', '::ffff:10.9.8.7', 'fd12::1', '192.0.2.7'],
    )
  })

  it('lets a caller without addresses call from anywhere', () => {
    const { policy } = readCallerPolicy(toFile(allow), rules)
    for (const address of ['203.0.113.9', '::1', '']) {
      assert.equal(policy.get(id)?.isAddressAllowed(address), true, address)
    }
  })

  it('gives a limit without a burst one second of calls, and at least one', () => {
    const read = (limit: string) =>
      readCallerPolicy(toFile('allow: [auth.v1.UserService/GetUser]', limit), rules)
    assert.deepEqual(read('limit: { perSecond: 30 }').policy.get(id)?.limit, { perSecond: 30, burst: 30 })
    assert.deepEqual(read('limit: { perSecond: 0.1 }').policy.get(id)?.limit, { perSecond: 0.1, burst: 1 })
    assert.deepEqual(read('limit: { perSecond: 1000000, burst: 10000000 }').faults, [])
  })

  const broken: Record<string, [text: string, fault: string]> = {
    'an unknown key': [toFile('allows: []', allow), 'line 3: unknown key "allows"'],
    'an unknown key of the file': [`version: 1\n${toFile(allow)}`, 'line 1: unknown key "version"'],
    'an unknown method': [
      toFile('allow: [auth.v1.UserService/Get]'),
      'line 3: there is no method "auth.v1.UserService/Get"',
    ],
    'a method with a wildcard': [
      toFile('allow: ["auth.v1.UserService/*"]'),
      'line 3: there is no method "auth.v1.UserService/*"',
    ],
    'an unknown field': [
      toFile('allow: [{ method: auth.v1.UserService/UpdateUser, fields: [tier] }]'),
      'line 3: auth.v1.UserService/UpdateUser has no optional field "tier": email, subscription_tier',
    ],
    'fields of a method without any': [
      toFile('allow: [{ method: auth.v1.UserService/GetUser, fields: [user_id] }]'),
      'line 3: auth.v1.UserService/GetUser has no optional field "user_id": it has none that can be limited',
    ],
    'no fields where fields are limited': [
      toFile('allow: [{ method: auth.v1.UserService/UpdateUser, fields: [] }]'),
      'line 3: fields must be a list of one or more',
    ],
    'a method twice': [
      toFile('allow: [auth.v1.UserService/GetUser, auth.v1.UserService/GetUser]'),
      'line 3: auth.v1.UserService/GetUser is allowed twice',
    ],
    'a caller twice': [`${toFile(allow)}\n  - { id: "${id}", ${allow} }`, `line 4: ${id} stands twice`],
    'a caller without methods': [
      toFile('limit: { perSecond: 1 }'),
      'line 2: allow must be a list of one or more',
    ],
    'a caller without an id': [
      'callers: [{ allow: [auth.v1.UserService/GetUser] }]',
      'line 1: id must be a text',
    ],
    'an id that is none': [
      'callers: [{ id: chat, allow: [auth.v1.UserService/GetUser] }]',
      'line 1: "chat" is no SPIFFE id such as spiffe://immersiverse/ns/prod/sa/chat-service',
    ],
    'an id of another trust domain': [
      'callers: [{ id: "spiffe://x/y", allow: [auth.v1.UserService/GetUser] }]',
      'line 1: "spiffe://x/y" is not of the trust domain immersiverse',
    ],
    'a limit of nothing': [
      toFile(allow, 'limit: { perSecond: 0 }'),
      'line 4: perSecond must be a number above 0 and at most 1000000',
    ],
    'a limit in words': [
      toFile(allow, 'limit: { perSecond: "5" }'),
      'line 4: perSecond must be a number above 0 and at most 1000000',
    ],
    'a burst of a half': [
      toFile(allow, 'limit: { perSecond: 5, burst: 0.5 }'),
      'line 4: burst must be a whole number above 0 and at most 10000000',
    ],
    'a limit that is empty': [toFile(allow, 'limit:'), 'line 4: limit must have keys: perSecond, burst'],
    'addresses that are none': [
      toFile(allow, 'addresses: [10.0.0.0/33]'),
      'line 4: "10.0.0.0/33" is no address range such as 10.0.0.0/8',
    ],
    'a private key': [
      toFile(allow, 'keys: [{ kid: a, kty: EC, crv: P-256, x: x, y: y, d: d }]'),
      'line 4: unknown key "d"',
    ],
    'nobody at all': ['callers: []', 'line 1: callers must be a list of one or more'],
    'nothing at all': ['', 'the file must have keys: callers'],
    'an alias': [
      toFile('allow: &a [auth.v1.UserService/GetUser]', 'addresses: *a'),
      'line 4: addresses must be a list of one or more',
    ],
  }
  for (const [what, [text, fault]] of Object.entries(broken)) {
    it(`refuses ${what}`, () => {
      assert.ok(listFaults(text).includes(fault), `${JSON.stringify(listFaults(text))} has not ${fault}`)
    })
  }

  it('refuses what is no YAML, with the line', () => {
    for (const [text, fault] of [
      [toFile('allow: [a'), /^line \d+: /],
      [toFile(allow, allow), /^line 4: .*unique/],
    ] as const) {
      const [only = '', ...others] = listFaults(text)
      assert.match(only, fault)
      assert.doesNotMatch(only, /\n/)
      assert.deepEqual(others, [])
    }
  })

  const [x, y] = ['x'.repeat(43), 'y'.repeat(43)]
  const toKey = (change: object = {}) =>
    JSON.stringify({ kid: 'a', kty: 'EC', crv: 'P-256', x, y, ...change })

  it('reads public keys', () => {
    const text = toFile(allow, `keys: [${toKey()}, ${toKey({ kid: 'b', alg: 'ES256', use: 'sig' })}]`)
    const { policy, faults } = readCallerPolicy(text, rules)
    assert.deepEqual(faults, [])
    const jwk = { kty: 'EC', crv: 'P-256', x, y }
    assert.deepEqual(policy.get(id)?.keys, [
      { kid: 'a', jwk },
      { kid: 'b', jwk },
    ])
  })

  const needed = 'a key must be a public P-256 key: kty EC, crv P-256, x, y'
  const keys: Record<string, [change: object, fault: string]> = {
    'without a kid': [{ kid: undefined }, 'line 4: kid must be a text'],
    'without x': [{ x: undefined }, 'line 4: x must be a text'],
    'without y': [{ y: undefined }, 'line 4: y must be a text'],
    'of another type': [{ kty: 'RSA' }, `line 4: ${needed}`],
    'of another curve': [{ crv: 'P-384' }, `line 4: ${needed}`],
    'with a short x': [{ x: 'x' }, `line 4: ${needed}`],
    'with a short y': [{ y: 'y' }, `line 4: ${needed}`],
  }
  for (const [what, [change, fault]] of Object.entries(keys)) {
    it(`refuses a key ${what}`, () => {
      const { policy, faults } = readCallerPolicy(toFile(allow, `keys: [${toKey(change)}]`), rules)
      assert.deepEqual(faults, [fault])
      assert.deepEqual(policy.get(id)?.keys, [])
    })
  }

  it('refuses one kid for two keys', () => {
    assert.deepEqual(listFaults(toFile(allow, `keys: [${toKey()}, ${toKey()}]`)), ['two keys have the kid a'])
  })

  it('refuses entries that are none', () => {
    assert.deepEqual(listFaults('callers: [1]'), [
      'line 1: a caller must have keys: id, allow, limit, addresses, keys',
    ])
    assert.deepEqual(listFaults(toFile(allow, 'keys: [1]')), [
      'line 4: a key must have keys: kid, kty, crv, x, y, alg, use',
    ])
    assert.deepEqual(listFaults(toFile(allow, 'keys: []')), ['line 4: keys must be a list of one or more'])
    assert.deepEqual(listFaults(toFile(allow, 'addresses: [1]')), ['line 4: an address must be a text'])
    assert.deepEqual(listFaults(toFile('allow: [1]')), ['line 3: a method must be a text'])
    assert.deepEqual(listFaults(toFile('allow: [{ fields: [email] }]')), ['line 3: method must be a text'])
    const field = 'allow: [{ method: auth.v1.UserService/UpdateUser, fields: [1] }]'
    assert.deepEqual(listFaults(toFile(field)), ['line 3: a field must be a text'])
    assert.deepEqual(listFaults(toFile(allow, 'limit: { burst: 2 }')), [
      'line 4: perSecond must be a number above 0 and at most 1000000',
    ])
  })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { asyncApiFile } from './generate-async-api.ts'
import { listBreaks } from './list-breaks.ts'

const text = await readFile(asyncApiFile, 'utf8')

/** What is broken by a change of the document as it is. */
// biome-ignore lint/suspicious/noExplicitAny: a parsed document, changed at will
function listBreaksOf(change: (document: any) => void): string[] {
  const changed = parse(text)
  change(changed)
  return listBreaks(parse(text), changed)
}

/** The schema of a message that a test changes, and the place of a field in it. */
// biome-ignore lint/suspicious/noExplicitAny: a parsed document, changed at will
const userCreated = (document: any) => document.components.schemas.UserCreated

function assertBreaks(expected: readonly RegExp[], found: readonly string[]): void {
  assert.equal(found.length, expected.length, found.join('\n'))
  for (const [at, one] of expected.entries()) assert.match(found[at] ?? '', one)
}

test('nothing changed breaks nobody, and neither do other words', () => {
  assert.deepEqual(
    listBreaksOf(() => undefined),
    [],
  )
  const found = listBreaksOf((document) => {
    userCreated(document).description = 'said better'
    document.channels.user_created.description = 'said better'
  })
  assert.deepEqual(found, [])
})

test('a new field, header, value, message and topic break nobody', () => {
  const found = listBreaksOf((document) => {
    const { components, channels } = document
    userCreated(document).properties.locale = { type: 'string' }
    components.schemas.UserCreated.required.push('locale')
    components.schemas.EventHeaders.properties.ce_new = { type: 'string' }
    components.schemas.UserStatus.enum.push('USER_STATUS_ON_LEAVE')
    components.messages.UserMerged = components.messages.UserCreated
    channels.user_merged = { ...channels.user_created, address: 'auth.events.user_merged' }
  })
  assert.deepEqual(found, [])
})

test('a field that is removed is told', () => {
  const found = listBreaksOf((document) => {
    delete userCreated(document).properties.displayName
  })
  assertBreaks([/^auth\.events\.user_created: UserCreated displayName is gone$/], found)
})

test('a field that is renamed is told', () => {
  const found = listBreaksOf((document) => {
    const { properties } = userCreated(document)
    properties.nickname = properties.displayName
    delete properties.displayName
  })
  assertBreaks([/displayName is gone/], found)
})

test('a field of another type is told, in a list and in a message that is held as well', () => {
  const scalar = listBreaksOf((document) => {
    userCreated(document).properties.displayName = { type: 'integer' }
  })
  assertBreaks([/UserCreated displayName: type was "string" and is "integer"/], scalar)
  const listed = listBreaksOf((document) => {
    userCreated(document).properties.roles.items = { type: 'integer' }
  })
  assertBreaks([/roles\[\]: type was "string" and is "integer"/], listed)
})

test('a field that need not be there any more is told', () => {
  const found = listBreaksOf((document) => {
    const { required } = userCreated(document)
    required.splice(required.indexOf('displayName'), 1)
  })
  assertBreaks([/displayName was always there and is not any more/], found)
})

test('a value of an enum that is gone is told wherever it is sent', () => {
  const found = listBreaksOf((document) => {
    document.components.schemas.UserStatus.enum.pop()
  })
  assert.ok(found.length >= 2, found.join('\n'))
  for (const line of found) assert.match(line, /status: its value USER_STATUS_\w+ is gone/)
})

test('an event type that is gone, another topic, and a message on another topic are told', () => {
  assertBreaks(
    [/the topic auth\.events\.logged_out is gone/],
    listBreaksOf((document) => {
      delete document.channels.logged_out
    }),
  )
  assertBreaks(
    [/the topic auth\.events\.user_created is gone/],
    listBreaksOf((document) => {
      document.channels.user_created.address = 'auth.events.users'
    }),
  )
  assertBreaks(
    [/token_blacklist: RevocationHeartbeat is not sent any more/],
    listBreaksOf((document) => {
      delete document.channels.token_blacklist.messages.RevocationHeartbeat
    }),
  )
})

test('another key, other partitions and another policy are told', () => {
  assertBreaks(
    [/user_created: UserCreated: its key was “The user id\.” and is “The session\.”/],
    listBreaksOf((document) => {
      document.components.messages.UserCreated.bindings.kafka.key.description = 'The session.'
    }),
  )
  assertBreaks(
    [/user_created: partitions or policy/],
    listBreaksOf((document) => {
      document.channels.user_created.bindings.kafka.partitions = 24
    }),
  )
})

test('a header that is gone, or optional, or of another value is told', () => {
  const gone = listBreaksOf((document) => {
    delete document.components.schemas.UserEventHeaders.properties.ce_topicprevious
  })
  assert.ok(gone.length > 0)
  for (const line of gone) assert.match(line, /header ce_topicprevious is gone/)
  const optional = listBreaksOf((document) => {
    const headers = document.components.schemas.HeartbeatHeaders
    headers.required = headers.required.filter((name: string) => name !== 'ce_epoch')
  })
  // Two topics have heartbeats.
  assertBreaks(
    [/token_blacklist: .*header ce_epoch was always there/, /state\.users: .*ce_epoch was/],
    optional,
  )
  const other = listBreaksOf((document) => {
    document.components.messages.UserCreated.headers.allOf[1].properties.ce_type.const = 'auth.user.made'
  })
  assertBreaks([/header ce_type: const was "auth\.events\.user_created" and is "auth\.user\.made"/], other)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJsonObject } from './parse-json-object.ts'

const isRead = (source: string | Uint8Array) => parseJsonObject(source) !== undefined

test('an object is read from text and from bytes', () => {
  assert.deepEqual(parseJsonObject('{"a":[1,{"b":null}]}'), { a: [1, { b: null }] })
  assert.deepEqual(parseJsonObject(Buffer.from('{"é":"\u{1f600}"}')), { é: '\u{1f600}' })
  for (const text of ['', 'null', '1', '"a"', '[]', '[{}]', '{', '{}x', '{"a":1,}', "{'a':1}"])
    assert.ok(!isRead(text), text)
})

test('bytes that are no UTF-8 are refused wherever they stand, a byte order mark too', () => {
  const inside = (...bytes: number[]) =>
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
  assert.ok(isRead(inside(0xc3, 0xa9)))
  for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0x80]])
    assert.ok(!isRead(inside(...bad)), `${bad}`)
  assert.ok(!isRead(Buffer.from('\ufeff{}')))
})

test('a name that is repeated is noticed at every depth, and after every kind of value', () => {
  const values = [
    '1',
    '"x"',
    'null',
    '{}',
    '[]',
    '{"x":1}',
    '[1]',
    '[{}]',
    '{"x":{}}',
    '[[],{"x":[]}]',
    '{"x":[{"y":1}]}',
    ...['"}"', '"]"', '"{"', '"["', '","', '":"', '"\\\\"', '"\\\\\\""'],
    '"\\""',
  ]
  for (const value of values) {
    const twice = `"a":${value},"b":${value},"a":0`
    const once = `"a":${value},"b":${value},"c":0`
    for (const [before, after] of [
      ['{', '}'],
      ['{"o":{', '}}'],
      ['{"o":[0,{', '}]}'],
      ['{"o":[[{', '}],1],"p":[]}'],
    ]) {
      assert.ok(!isRead(before + twice + after), before + twice + after)
      assert.ok(isRead(before + once + after), before + once + after)
    }
  }
})

test('names are compared with their escapes undone', () => {
  assert.ok(!isRead('{"a":1,"\\u0061":2}'))
  assert.ok(!isRead('{"\\/":1,"/":2}'))
  assert.ok(!isRead('{"\\\\":1,"\\u005c":2}'))
  assert.ok(isRead('{"\\\\":1,"\\"":2,"\\\\\\"":3}'))
})

test('the same name in other objects, and in values, is no repetition', () => {
  for (const text of [
    '{"a":{"a":{"a":1}},"b":{"a":1}}',
    '{"a":[{"a":1},{"a":2}]}',
    '{"a":"a","b":"a","c":["a","a","a"]}',
    '{"a":"\\",\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":["b",{"b":1}],"b":"a"}',
  ]) {
    assert.ok(isRead(text), text)
  }
})

test('an own member named __proto__ is a member, and so is its repetition', () => {
  assert.deepEqual(Object.keys(parseJsonObject('{"__proto__":{"alg":"none"}}') ?? {}), ['__proto__'])
  assert.equal(parseJsonObject('{"__proto__":{"alg":"none"}}')?.alg, undefined)
  assert.ok(!isRead('{"__proto__":1,"__proto__":2}'))
})

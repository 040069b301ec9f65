import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { readBearer } from './read-bearer.ts'

function read(...values: readonly string[]): string | undefined {
  const metadata = new Metadata()
  for (const value of values) metadata.add('authorization', value)
  return readBearer(metadata)
}

it('the bearer value is what stands behind the scheme, in capitals or not', () => {
  assert.equal(read('Bearer a.b-c_D9'), 'a.b-c_D9')
  assert.equal(read('bEARER a.b.c'), 'a.b.c')
  assert.equal(read(`Bearer ${'x'.repeat(8192)}`), 'x'.repeat(8192))
})

it('the first of two counts, be it one or not', () => {
  assert.equal(read('Bearer one', 'Bearer two'), 'one')
  assert.equal(read('Basic one', 'Bearer two'), undefined)
})

it('there is none without one, and none of other characters, schemes or lengths', () => {
  assert.equal(read(), undefined)
  const others = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer  a',
    'Bearer a=',
    'Basic a',
    'xBearer a',
    'Bearera',
  ]
  for (const value of [...others, `Bearer ${'x'.repeat(8193)}`]) assert.equal(read(value), undefined, value)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, toPartitionHash } from './murmur2.ts'

// From org.apache.kafka.common.utils.UtilsTest.
const javaVectors: readonly (readonly [text: string, hash: number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('O6 keys hash as in the Java clients', () => {
  for (const [text, hash] of javaVectors) assert.equal(murmur2(Buffer.from(text)), hash, text)
})

test('a partition hash is never negative', () => {
  assert.equal(toPartitionHash(Buffer.from('21')), -973932308 & 0x7fffffff)
  for (let n = 0; n < 1000; n += 1) assert.ok(toPartitionHash(Buffer.from(`key ${n}`)) >= 0)
})

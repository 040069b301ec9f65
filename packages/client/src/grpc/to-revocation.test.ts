import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { PackedRevocationsSchema, RevocationType } from '@immersiverse/auth-contract'
import { toPackedEntries } from './to-revocation.ts'

const ids = ['01890000-0000-7000-8000-00000000000a', 'ffffffff-ffff-7fff-bfff-ffffffffffff']
const good = {
  type: RevocationType.SESSION,
  subjects: Buffer.from(ids.join('').replaceAll('-', ''), 'hex'),
  expiresSeconds: [1_800_000_000, 0xffff_fffe],
}
const read = (pack: MessageInitShape<typeof PackedRevocationsSchema>) =>
  toPackedEntries(create(PackedRevocationsSchema, pack))
const expiresAt = good.expiresSeconds.map((seconds) => new Date(seconds * 1000))

test('a pack gives an entry for each subject', () => {
  for (const [type, name] of [
    [RevocationType.TOKEN, 'token'],
    [RevocationType.SESSION, 'session'],
  ] as const) {
    assert.deepEqual(
      read({ ...good, type }),
      ids.map((subject, n) => ({ type: name, subject, expiresAt: expiresAt[n] })),
    )
  }
  const minTvs = [7n, 2n ** 40n]
  assert.deepEqual(
    read({ ...good, type: RevocationType.USER, minTvs }),
    ids.map((subject, n) => ({ type: 'user', subject, minTv: Number(minTvs[n]), expiresAt: expiresAt[n] })),
  )
})

test('R6: a pack that cannot be read whole is a doubt, never fewer entries', () => {
  const packs = [
    { ...good, type: RevocationType.KEY },
    { ...good, type: RevocationType.UNSPECIFIED },
    { ...good, type: 99 as RevocationType },
    { ...good, subjects: good.subjects.subarray(1) },
    { ...good, expiresSeconds: [1] },
    { ...good, minTvs: [1n, 2n] },
    { ...good, type: RevocationType.USER },
    { ...good, type: RevocationType.USER, minTvs: [1n] },
  ]
  for (const pack of packs) assert.throws(() => read(pack), { doubt: 'UNREADABLE_RECORD' })
})

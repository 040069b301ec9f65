import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { RevocationSchema } from '@immersiverse/auth-contract'
import fc from 'fast-check'
import type { Revocation } from '../../../packages/client/src/verifier/revocation.ts'
import { count, Disagreement, type MakeFuzzClass } from '../fuzz-class.ts'
import { editJson, jsonEdits } from '../json-edits.ts'

const int64s = [
  0n,
  1n,
  -1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
]
/** proto/google/protobuf/timestamp.proto: years 1 to 9999. */
const timeMin = -62_135_596_800n
const timeMax = 253_402_300_799n
const seconds = [
  ...int64s,
  1_800_000_000n,
  timeMin,
  timeMin - 1n,
  timeMax,
  timeMax + 1n,
  8_640_000_000_000n,
  8_640_000_000_001n,
]
const nanos = [0, 1, 999_999, 1_000_000, 500_000_000, 999_999_999]

const time = fc.option(
  fc.record(
    { seconds: fc.constantFrom(...seconds), nanos: fc.constantFrom(...nanos) },
    { noNullPrototype: true },
  ),
  { nil: undefined },
)
const texts = [
  '',
  'a',
  '01890000-0000-7000-8000-000000000001',
  '__proto__',
  'é',
  'x'.repeat(512),
  'x'.repeat(513),
  '\0',
]
const plain = fc.record(
  {
    epoch: fc.constantFrom('e1', '', 'é'),
    rseq: fc.constantFrom(...int64s),
    type: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) },
      fc.constantFrom(0, 6, -1, 2 ** 31 - 1),
    ),
    subject: fc.constantFrom(...texts),
    minTv: fc.constantFrom(...int64s),
    until: time,
    reason: fc.constantFrom(0, 1, 10, 11, 99),
    committedAt: time,
    expiresAt: time,
    eventId: fc.constantFrom(...texts),
  },
  { noNullPrototype: true },
)
type Plain = typeof plain extends fc.Arbitrary<infer T> ? T : never

const inputs = fc.record(
  {
    record: plain,
    encoding: fc.constantFrom('binary', 'json'),
    damage: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      {
        weight: 2,
        arbitrary: fc.record(
          { bytes: fc.array(fc.tuple(fc.nat(9_999), fc.nat(255)), { maxLength: 3 }), json: jsonEdits },
          { noNullPrototype: true },
        ),
      },
    ),
  },
  { noNullPrototype: true },
)
type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/**
 * Revocations in both encodings, with numbers and dates at and beyond their edges: each is read as what it says, or is a doubt. Damaged ones are
 * read as something that can be judged, or are a doubt.
 */
export const makeRecordsClass: MakeFuzzClass<Input> = (_world, subject, tally) => ({
  inputs,
  check: ({ record, encoding, damage }) => {
    const good = encoding === 'binary' ? encode(record) : Buffer.from(toJson(record))
    const bytes =
      damage === undefined
        ? good
        : encoding === 'json'
          ? Buffer.from(editJson(good.toString(), damage.json))
          : hurt(good, damage.bytes)
    const read = subject.readRecord(encoding, bytes)
    const found = read === undefined ? 'doubt' : toText(read)
    const facts = { encoding, record: toJson(record), base64: bytes.toString('base64') }
    if (damage !== undefined) {
      const fault = read === undefined ? undefined : findFault(read)
      if (fault !== undefined) throw new Disagreement(found, fault, facts)
      return count(tally, read === undefined ? 'doubt' : undefined)
    }
    const expected = expect(record, encoding)
    if (found !== expected) throw new Disagreement(found, expected, facts)
    count(tally, expected === 'doubt' ? 'doubt' : undefined)
  },
})

/** What the record says, by the proto's comments. */
function expect(record: Plain, encoding: string): string {
  const { type, subject, minTv, until, expiresAt, rseq, committedAt } = record
  // proto3 JSON of a timestamp outside its years cannot be written, so what stands there is no timestamp.
  if (
    encoding === 'json' &&
    [until, expiresAt, committedAt].some((one) => one !== undefined && !isWritable(one))
  )
    return 'doubt'
  // proto3 JSON has names of known values only, or numbers.
  if (subject === '' || subject.length > 512 || type < 1 || type > 5) return 'doubt'
  const expires = type < 4 && expiresAt !== undefined ? toMs(expiresAt) : undefined
  if (expires !== undefined && Math.abs(expires) > 8.64e15) return 'doubt'
  if (type === 3 && !isCount(minTv)) return 'doubt'
  if (type === 5 && (until === undefined || !isCount(until.seconds))) return 'doubt'
  const name = ['token', 'session', 'user', 'key', 'issuer'][type - 1]
  return JSON.stringify([
    name,
    subject,
    type === 3 ? Number(minTv) : '',
    type === 5 ? Number(until?.seconds) : '',
    expires === undefined ? '' : Math.trunc(expires),
    Number(rseq),
  ])
}

function toText(read: Revocation): string {
  return JSON.stringify([
    read.type,
    read.subject,
    read.type === 'user' ? read.minTv : '',
    read.type === 'issuer' ? read.until : '',
    'expiresAt' in read && read.expiresAt !== undefined ? read.expiresAt.getTime() : '',
    read.rseq,
  ])
}

/** Why what was read could not be judged. */
function findFault(read: Revocation): string | undefined {
  if (!['token', 'session', 'user', 'key', 'issuer'].includes(read.type)) return 'unknown type'
  if (typeof read.subject !== 'string' || read.subject === '' || read.subject.length > 512) return 'subject'
  if (read.type === 'user' && !(Number.isSafeInteger(read.minTv) && read.minTv >= 0)) return 'minTv'
  if (read.type === 'issuer' && !(Number.isSafeInteger(read.until) && read.until >= 0)) return 'until'
  if ('expiresAt' in read && read.expiresAt !== undefined && Number.isNaN(read.expiresAt.getTime()))
    return 'expiresAt'
  return undefined
}

function encode(record: Plain): Buffer {
  const time = (one: Plain['until']) => one && { $typeName: 'google.protobuf.Timestamp' as const, ...one }
  const { until, committedAt, expiresAt, ...rest } = record
  const times = { until: time(until), committedAt: time(committedAt), expiresAt: time(expiresAt) }
  const present = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined))
  return Buffer.from(
    toBinary(
      RevocationSchema,
      create(RevocationSchema, { ...rest, ...present } as MessageInitShape<typeof RevocationSchema>),
    ),
  )
}

/** The proto3 JSON, written by hand. */
function toJson(record: Plain): string {
  const times = Object.entries({
    until: record.until,
    committedAt: record.committedAt,
    expiresAt: record.expiresAt,
  })
  const written = times.flatMap(([name, one]) => (one === undefined ? [] : [[name, toTimestamp(one)]]))
  const { epoch, rseq, type, subject, minTv, reason, eventId } = record
  return JSON.stringify({
    epoch,
    rseq: `${rseq}`,
    type,
    subject,
    minTv: `${minTv}`,
    reason,
    eventId,
    ...Object.fromEntries(written),
  })
}

function toTimestamp(one: NonNullable<Plain['until']>): string {
  if (!isWritable(one)) return `${one.seconds}s`
  const date = new Date(Number(one.seconds) * 1000).toISOString().slice(0, 19)
  return `${date}.${String(one.nanos).padStart(9, '0')}Z`
}

function isWritable(one: NonNullable<Plain['until']>): boolean {
  return one.seconds >= timeMin && one.seconds <= timeMax
}

function toMs({ seconds, nanos }: NonNullable<Plain['until']>): number {
  return Number(seconds) * 1000 + Math.round(nanos / 1e6)
}

function isCount(value: bigint): boolean {
  return value >= 0n && value < 2n ** 53n
}

function hurt(bytes: Buffer, changes: readonly (readonly [number, number])[]): Buffer {
  const hurt = Buffer.from(bytes)
  for (const [at, value] of changes) if (hurt.length > 0) hurt[at % hurt.length] = value
  return changes.length === 3 ? hurt.subarray(0, (changes[0]?.[0] ?? 0) % (hurt.length + 1)) : hurt
}

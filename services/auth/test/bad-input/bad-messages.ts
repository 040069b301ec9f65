import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** What is wrong with a message. */
export type BadKind =
  | 'broken bytes'
  | 'invalid UTF-8'
  | 'another wire type'
  | 'an enum value that is none'
  | 'a number out of range'
  | 'a hostile text'
  | 'a huge text'
  | 'too many of one field'
  | 'deep nesting'

/** Bytes that, appended to a good request, make it bad: of a field that is given twice the last one counts. */
export interface BadBytes {
  readonly kind: BadKind
  readonly name: string
  readonly bytes: Uint8Array
}

const invalidUtf8 = {
  'a stray byte': [0xff],
  'a lone surrogate': [0xed, 0xa0, 0x80],
  'an overlong slash': [0xc0, 0xaf],
}
const hostile = [
  '\u0000',
  'a\u0000b',
  '\u202e\u2066',
  '\ufeff',
  '\ud7ff\u{10ffff}',
  "'; drop table users; --",
  '%_\\',
  '{}',
]
const numbers = [0n, 1n, -1n, 2n ** 31n, -(2n ** 31n), 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]
/** Below the most bytes a request may have. */
const hugeLength = 60_000

/** Every way to spoil a message that its descriptor offers, nested messages included. */
export function listBadBytes(message: DescMessage): BadBytes[] {
  return [...listBroken(), ...message.fields.flatMap((field) => spoilField(field))]
}

function listBroken(): BadBytes[] {
  const broken = (name: string, bytes: readonly number[]): BadBytes => {
    return { kind: 'broken bytes', name, bytes: Uint8Array.from(bytes) }
  }
  const groups = (depth: number, from: number[], to: number[] = []) => [
    ...Array(depth).fill(from).flat(),
    ...Array(depth).fill(to).flat(),
  ]
  return [
    broken('half a tag', [0x80]),
    broken('field 0', [0x00, 0x00]),
    broken('wire type 6', [0x0e]),
    broken('wire type 7', [0x0f]),
    broken('a length beyond the end', [0xfa, 0x3e, 0x7f, 0x01]),
    broken('a length of 2^64', [0xfa, 0x3e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    broken('a varint without end', [0xf8, 0x3e, ...Array(11).fill(0xff)]),
    broken('the end of a group that never began', [0xfc, 0x3e]),
    broken('a group without end', [0xfb, 0x3e]),
    { ...broken('60,000 groups without end', groups(30_000, [0xfb, 0x3e])), kind: 'deep nesting' },
    {
      ...broken('15,000 groups in each other', groups(15_000, [0xfb, 0x3e], [0xfc, 0x3e])),
      kind: 'deep nesting',
    },
  ]
}

function spoilField(field: DescField): BadBytes[] {
  const bad = (kind: BadKind, what: string, bytes: Uint8Array) => ({
    kind,
    name: `${field.name}: ${what}`,
    bytes,
  })
  const wireTypes = otherWireTypes(field).map((type) =>
    bad('another wire type', WireType[type], writeAs(field, type)),
  )
  return [...wireTypes, ...repeat(field), ...spoilValue(field)]
}

function spoilValue(field: DescField): BadBytes[] {
  const bad = (kind: BadKind, what: string, bytes: Uint8Array) => ({
    kind,
    name: `${field.name}: ${what}`,
    bytes,
  })
  if (isText(field)) {
    return [
      ...Object.entries(invalidUtf8).map(([what, bytes]) =>
        bad('invalid UTF-8', what, writeText(field, bytes)),
      ),
      ...hostile.map((text) =>
        bad('a hostile text', JSON.stringify(text), writeText(field, Buffer.from(text))),
      ),
      ...['x', '한', '\u0301'].map((unit) => {
        const text = unit.repeat(hugeLength / Buffer.byteLength(unit))
        return bad('a huge text', unit, writeText(field, Buffer.from(text)))
      }),
    ]
  }
  if (field.message !== undefined) {
    return listBadBytes(field.message).map(({ kind, name, bytes }) =>
      bad(kind, name, writeText(field, bytes)),
    )
  }
  const kind = field.enum === undefined ? 'a number out of range' : 'an enum value that is none'
  const values = field.enum === undefined ? numbers : listUnknown(field.enum)
  return values.map((value) => bad(kind, String(value), writeNumber(field, value)))
}

function listUnknown({ values }: DescEnum): bigint[] {
  const known = new Set(values.map(({ number }) => BigInt(number)))
  // A reader keeps the lower 32 bits of the varint (protobuf encoding, "More Integer Types").
  return [...numbers, 99n].filter((value) => !known.has(BigInt.asIntN(32, value)))
}

function repeat(field: DescField): BadBytes[] {
  if (field.fieldKind !== 'list') return []
  const one = writeText(field, isText(field) ? Buffer.from('a') : [])
  const many = Buffer.concat(Array(20_000).fill(one))
  return [{ kind: 'too many of one field', name: field.name, bytes: many }]
}

/** Text and nested messages are one on the wire: a length and that many bytes. */
function isLengthDelimited(field: DescField): boolean {
  return isText(field) || field.message !== undefined
}

function isText(field: DescField): boolean {
  return field.scalar !== undefined && ['string', 'bytes'].includes(scalarNames[field.scalar] ?? '')
}

/** `ScalarType.STRING` and `ScalarType.BYTES`; every other scalar of this contract is a varint. */
const scalarNames: Readonly<Record<number, string>> = { 9: 'string', 12: 'bytes' }

function otherWireTypes(field: DescField): WireType[] {
  const right = isLengthDelimited(field) ? WireType.LengthDelimited : WireType.Varint
  const all = [WireType.Varint, WireType.Bit64, WireType.LengthDelimited, WireType.StartGroup, WireType.Bit32]
  return all.filter((type) => type !== right)
}

function writeAs(field: DescField, type: WireType): Uint8Array {
  const writer = new BinaryWriter().tag(field.number, type)
  if (type === WireType.Varint) return writer.uint32(7).finish()
  if (type === WireType.Bit64) return writer.fixed64(7n).finish()
  if (type === WireType.Bit32) return writer.fixed32(7).finish()
  if (type === WireType.LengthDelimited) return writer.string('seven').finish()
  return writer.tag(field.number, WireType.EndGroup).finish()
}

function writeText(field: DescField, bytes: Uint8Array | readonly number[]): Uint8Array {
  return new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(Uint8Array.from(bytes)).finish()
}

function writeNumber(field: DescField, value: bigint): Uint8Array {
  return new BinaryWriter().tag(field.number, WireType.Varint).int64(value).finish()
}

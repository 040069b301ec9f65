import fc from 'fast-check'

/** A change of JSON text: of what kind, and two numbers that say where and what. */
export interface JsonEdit {
  readonly kind: (typeof kinds)[number]
  readonly at: number
  readonly pick: number
}

const kinds = [
  'space',
  'repeat member',
  'repeat member escaped',
  'escape name',
  'nested repeat',
  'number',
  'member',
  'deep',
  'long',
  'before',
  'after',
  'insert',
  'delete',
  'bad UTF-8',
  'other value',
] as const

const numbers = [
  ...['-0', '0', '-1', '1e400', '-1e400', '1.0', '1e3', '1E+9', '1800000000.0', '18000006e2', '1.8e9'],
  ...[
    '1800000000.5',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '01',
    '1.',
    '.5',
    '+1',
    '0x10',
  ],
  ...[
    'NaN',
    'Infinity',
    '1_000',
    '18446744073709551616',
    '1e-400',
    '-',
    '1800000600',
    '1800000900',
    '1800000901',
  ],
]
const fragments = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    '"a"',
    '"\\u0061"',
    '"__proto__"',
    '"constructor":1',
    'null',
    'true',
  ],
  ...[
    'nul',
    'True',
    '\u00a0',
    '\ufeff',
    '\0',
    '\u2028',
    '\v',
    '//',
    '/**/',
    "'a'",
    '"\\x41"',
    '"\\u00G0"',
    '"\t"',
  ],
  ...['"\\ud800"', '"\ud83d\ude00"', '"\\ud83d\\ude00"', '\r\n', '\t', ' '],
]
const members = [
  ...['"__proto__":{"alg":"none"}', '"__proto__":null', '"constructor":{}', '"x":"\\ud800"', '"x":"\\\\"'],
  ...[
    '"x":"\\"sub\\":"',
    '"x":[{"a":1},{"a":2}]',
    '"x":{"a":{"b":1},"b":2}',
    '"x":1e400',
    '"x":"{\\"a\\":1}"',
  ],
  ...[
    '"":0',
    '"\\u0000":0',
    '"é":1,"e\u0301":2',
    '"toString":1',
    '"x":[[],{},[{}]]',
    '"x":"//"',
    '"x":"\u2028"',
  ],
]
const values = [
  'null',
  '0',
  '""',
  '[]',
  '{}',
  'true',
  '"x"',
  '[null]',
  '"\\ud800"',
  '["user","\\udc00"]',
  '-1',
  '1.5',
]

/** Up to two changes. */
export const jsonEdits: fc.Arbitrary<readonly JsonEdit[]> = fc.array(
  fc.record(
    { kind: fc.constantFrom(...kinds), at: fc.nat(9_999), pick: fc.nat(9_999) },
    { noNullPrototype: true },
  ),
  { maxLength: 2 },
)

/** Changes the text of a JSON object. */
export function editJson(text: string, edits: readonly JsonEdit[]): string | Uint8Array {
  let edited: string | Uint8Array = text
  for (const edit of edits) if (typeof edited === 'string') edited = apply(edited, edit)
  return edited
}

function apply(text: string, { kind, at, pick }: JsonEdit): string | Uint8Array {
  const found = [...text.matchAll(/"([^"\\]+)":("[^"]*"|\[[^\]]*\]|[^,}[{]*)/g)]
  const member = found[at % Math.max(1, found.length)]
  const place = at % (text.length + 1)
  const choose = <T>(list: readonly T[]): T => list[pick % list.length] as T
  const append = (more: string) => text.replace(/\}$/, `${text === '{}' ? '' : ','}${more}}`)
  switch (kind) {
    case 'space':
      return text.replace(/([:,{}])/g, (sign, _, offset) => (offset % 3 === pick % 3 ? `${sign} \t` : sign))
    case 'number':
      return replaceValue(text, member, choose(numbers))
    case 'other value':
      return replaceValue(text, member, choose(values))
    case 'member':
      return append(choose(members))
    case 'deep':
      return append(`"x":${'['.repeat(at % 700)}${']'.repeat(pick % 4 === 0 ? at % 701 : at % 700)}`)
    case 'long':
      return append(`"x":"${'a'.repeat(4_800 + (at % 1_000))}"`)
    case 'before':
      return choose(fragments) + text
    case 'after':
      return text + choose(fragments)
    case 'insert':
      return text.slice(0, place) + choose(fragments) + text.slice(place)
    case 'delete':
      return text.slice(0, place) + text.slice(place + 1 + (pick % 3))
    case 'bad UTF-8':
      return breakUtf8(text, place, pick)
    default:
      return repeatName(text, kind, member, pick, append)
  }
}

function repeatName(
  text: string,
  kind: JsonEdit['kind'],
  member: RegExpExecArray | undefined,
  pick: number,
  append: (more: string) => string,
): string {
  const [whole = '"a":1', name = 'a', value = '1'] = member ?? []
  const at = pick % name.length
  const escaped = `${name.slice(0, at)}\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}${name.slice(at + 1)}`
  switch (kind) {
    case 'repeat member':
      return append(pick % 2 === 0 ? whole : `"${name}":"other"`)
    case 'repeat member escaped':
      return append(`"${escaped}":${value}`)
    case 'escape name':
      return text.replace(`"${name}":`, () => `"${escaped}":`)
    default:
      return append(`"x":[{"${name}":{"a":1,"b":2${pick % 2 === 0 ? ',"a":1' : ''}}}]`)
  }
}

function replaceValue(text: string, member: RegExpExecArray | undefined, value: string): string {
  if (member === undefined) return text
  const [whole, name] = member
  return `${text.slice(0, member.index)}"${name}":${value}${text.slice(member.index + whole.length)}`
}

const badBytes = [
  [0xff],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xe2, 0x82],
  [0xf5, 0x80, 0x80, 0x80],
  [0x80],
  [0xef, 0xbb, 0xbf],
]

function breakUtf8(text: string, place: number, pick: number): Uint8Array {
  const bad = Buffer.from(badBytes[pick % badBytes.length] ?? [])
  if (place % 2 === 0)
    return Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), bad, Buffer.from('"}')])
  const bytes = Buffer.from(text)
  // In the middle of a name or text, where nothing else is wrong with it.
  const quote = bytes.indexOf(0x22, place % bytes.length)
  const at = quote < 0 ? 0 : quote + 1
  return Buffer.concat([bytes.subarray(0, at), bad, bytes.subarray(at)])
}

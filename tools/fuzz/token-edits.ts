import fc from 'fast-check'

/** A change of a token's text: of what kind, and two numbers that say where and what. */
export interface TokenEdit {
  readonly kind: (typeof kinds)[number]
  readonly at: number
  readonly pick: number
}

const kinds = [
  'bit',
  'insert',
  'delete',
  'replace',
  'trailing bits',
  'padding',
  'standard alphabet',
  'swap parts',
  'drop part',
  'empty part',
  'repeat part',
  'splice',
  'truncate',
  'around',
  'junk after part',
  'other serialisation',
  'long',
] as const

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const characters = [
  '=',
  '.',
  '+',
  '/',
  ' ',
  '\n',
  '\0',
  'A',
  '-',
  '_',
  'é',
  '\ud800',
  '%',
  '~',
  '\u212a',
  'Ａ',
  '\r',
  ',',
]
const arounds = [' ', '\n', 'Bearer ', '"', '.', '..', '\ufeff', '\0', '=', '==', '%20', '?', '#', 'A']

/** One change. */
export const tokenEdits: fc.Arbitrary<TokenEdit> = fc.record(
  { kind: fc.constantFrom(...kinds), at: fc.nat(99_999), pick: fc.nat(9_999) },
  { noNullPrototype: true },
)

/** Changes a token's text; `other` is a token to take parts from. */
export function editToken(token: string, edits: readonly TokenEdit[], other: string): string {
  return edits.reduce((text, edit) => apply(text, edit, other), token)
}

function apply(text: string, edit: TokenEdit, other: string): string {
  const { kind, at, pick } = edit
  const place = at % (text.length + 1)
  const character = characters[pick % characters.length] ?? ''
  switch (kind) {
    case 'bit':
      return replaceAt(text, place, String.fromCharCode(text.charCodeAt(place) ^ (1 << (pick % 8))))
    case 'insert':
      return text.slice(0, place) + character + text.slice(place)
    case 'delete':
      return text.slice(0, place) + text.slice(place + 1 + (pick % 4))
    case 'replace':
      return replaceAt(text, place, pick % 2 === 0 ? character : (alphabet[pick % 64] ?? ''))
    case 'truncate':
      return pick % 2 === 0 ? text.slice(0, place) : text.slice(place)
    case 'around':
      return around(text, arounds[at % arounds.length] ?? '', pick)
    case 'standard alphabet':
      return text.replace(/-/g, '+').replace(/_/g, '/')
    case 'long':
      return text.padEnd(8_190 + (at % 5), 'A')
    case 'other serialisation':
      return serialise(text, pick)
    default:
      return editParts(text.split('.'), edit, other.split('.')).join('.')
  }
}

function editParts(parts: string[], { kind, at, pick }: TokenEdit, others: readonly string[]): string[] {
  const which = at % parts.length
  const part = parts[which] ?? ''
  const next = (which + 1 + (pick % 2)) % parts.length
  switch (kind) {
    case 'trailing bits':
      return parts.with(which, replaceAt(part, part.length - 1, turnLowBits(part, pick)))
    case 'padding':
      return parts.with(
        which,
        part + '='.repeat(pick % 2 === 0 ? (4 - (part.length % 4)) % 4 : (pick % 3) + 1),
      )
    case 'junk after part':
      return parts.with(
        which,
        part + (characters[pick % characters.length] ?? '') + (pick % 3 === 0 ? 'AAAA' : ''),
      )
    case 'swap parts':
      return parts.with(which, parts[next] ?? '').with(next, part)
    case 'drop part':
      return parts.toSpliced(which, 1)
    case 'empty part':
      return parts.with(which, '')
    case 'repeat part':
      return parts.toSpliced(which, 0, part)
    default:
      return parts.with(which, others[pick % 3] ?? '')
  }
}

/** The last character with other low bits: where they are unused it decodes to the same bytes. */
function turnLowBits(part: string, pick: number): string {
  const value = alphabet.indexOf(part.at(-1) ?? 'A')
  return alphabet[Math.max(0, value) ^ (1 + (pick % 15))] ?? 'A'
}

function around(text: string, what: string, pick: number): string {
  return pick % 3 === 0 ? what + text : pick % 3 === 1 ? text + what : what + text + what
}

function serialise(text: string, pick: number): string {
  const [head = '', payload = '', signature = ''] = text.split('.')
  if (pick % 3 === 0) return JSON.stringify({ payload, protected: head, signature })
  if (pick % 3 === 1) return JSON.stringify({ payload, signatures: [{ protected: head, signature }] })
  return encodeURIComponent(Buffer.from(text).toString('base64'))
}

function replaceAt(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1)
}

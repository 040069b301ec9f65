import type { Insist } from './rules.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const values = new Map([...alphabet].map((character, value) => [character, value]))

type Rules = readonly [
  alphabet: Parameters<Insist>[0],
  length: Parameters<Insist>[0],
  trailingBits: Parameters<Insist>[0],
]

/** Decodes base64url bit by bit (RFC 4648 §5 without padding), insisting on its three rules; what breaks an ignored one is skipped. */
export function readBase64url(text: string, insist: Insist, [inAlphabet, length, trailing]: Rules): Buffer {
  const bytes: number[] = []
  let bits = 0
  let count = 0
  let characters = 0
  for (const character of text) {
    const value = values.get(character)
    insist(inAlphabet, value !== undefined)
    if (value === undefined) continue
    characters++
    bits = (bits << 6) | value
    count += 6
    if (count < 8) continue
    count -= 8
    bytes.push(bits >> count)
    bits &= (1 << count) - 1
  }
  insist(length, characters % 4 !== 1)
  insist(trailing, bits === 0)
  return Buffer.from(bytes)
}

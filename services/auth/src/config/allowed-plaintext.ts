import { z } from 'zod'

/** What can be let go without TLS outside loopback: the three listeners, the ways to the neighbours, and public addresses with http. */
export const plaintextParts = Object.freeze([
  'grpc',
  'edge',
  'admin',
  'database',
  'kafka',
  'redis',
  'issuer',
] as const)

/** One of {@link plaintextParts}. */
export type PlaintextPart = (typeof plaintextParts)[number]

/** `edge, kafka` as a set of parts; `true` as all of them, `false` as none. */
export const allowedPlaintext = z.string().transform((text, context): ReadonlySet<PlaintextPart> => {
  if (text === 'true') return new Set(plaintextParts)
  if (text === 'false') return new Set()
  const words = text.split(',').map((word) => word.trim())
  const unknown = words.find((word) => !plaintextParts.some((part) => part === word))
  if (unknown === undefined) return new Set(words as PlaintextPart[])
  context.addIssue(`"${unknown}" is none of ${plaintextParts.join(', ')}; or say true or false alone`)
  return z.NEVER
})

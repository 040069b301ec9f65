import { createHash } from 'node:crypto'
import { bounds } from '@immersiverse/auth-contract'
import { invalidField } from '../domain/errors.ts'

/** The conditions of a list, in a fixed order: a token means nothing with others (AIP-158). */
export type PageConditions = readonly unknown[]

/** Some rows, and the token of the next page: empty on the last. */
export interface Page<T> {
  readonly rows: T[]
  readonly nextPageToken: string
}

/** Makes a page of at most `size` of what was found; one more than the page tells whether there is another. */
export function toPage<T>(
  found: readonly T[],
  size: number,
  conditions: PageConditions,
  toPlace: (last: T) => string | number,
): Page<T> {
  const rows = found.slice(0, size)
  const last = rows.at(-1)
  if (found.length <= size || last === undefined) return { rows, nextPageToken: '' }
  const token = Buffer.from(`${toPlace(last)} ${toPrint(conditions)}`).toString('base64url')
  return { rows, nextPageToken: token }
}

/**
 * Where the page of a token begins; undefined without a token.
 * @throws AuthError INVALID_FIELD `page_token` where `method` did not give it, or gave it for other conditions.
 */
export function readPageToken<T>(
  token: string,
  conditions: PageConditions,
  method: string,
  findPlace: (text: string) => T | undefined,
): T | undefined {
  if (token === '') return undefined
  const text = Buffer.from(token.slice(0, bounds.pageTokenMax), 'base64url').toString()
  const [place = '', print] = text.split(' ')
  const found = findPlace(place)
  if (found === undefined) throw invalidField('page_token', `is not one that ${method} gave`)
  if (print !== toPrint(conditions)) throw invalidField('page_token', 'belongs to other conditions')
  return found
}

function toPrint(conditions: PageConditions): string {
  return createHash('sha256').update(JSON.stringify(conditions)).digest('base64url').slice(0, 12)
}

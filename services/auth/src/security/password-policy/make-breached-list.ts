import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** Passwords that were found in breaches elsewhere. */
export interface BreachedList {
  /** Whether the password stands in it. Rejects where that cannot be read. */
  has(password: string): Promise<boolean>
}

/** A file of the list has about 50 KB; what is far larger is none. */
const fileBytesMax = 4 * 1024 * 1024
const prefixLength = 5

/**
 * A list in the range format of Have I Been Pwned: a file `PREFIX.txt` for the first five hexadecimal digits of a SHA-1, in it a line
 * `SUFFIX:COUNT` for each password; a count of 0 is padding. Read anew every time: files may be replaced while the service runs.
 */
export function makeBreachedList(folder: string): BreachedList {
  return {
    async has(password) {
      for (const form of new Set([password, password.normalize('NFKC')])) {
        if (await isListed(folder, form)) return true
      }
      return false
    },
  }
}

async function isListed(folder: string, password: string): Promise<boolean> {
  const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
  const suffix = digest.slice(prefixLength)
  await using file = await open(join(folder, `${digest.slice(0, prefixLength)}.txt`))
  const { size } = await file.stat()
  if (size > fileBytesMax) throw new Error(`a file of ${size} bytes is no range of breached passwords`)
  for await (const line of file.readLines({ autoClose: false, end: fileBytesMax })) {
    const [found = '', count] = line.split(':')
    if (found.toUpperCase() === suffix) return Number(count) > 0
  }
  return false
}

import { bounds } from '@immersiverse/auth-contract'
import { usernameRule } from './username-rule.ts'

/** Characters of a suffix and its separator. */
const suffixRoom = 7

/**
 * A username for somebody whom a platform names so: what usernames may not hold is left out, and where what is left is none, such as one of mixed
 * scripts, it is `user`. With a suffix where the name itself is taken; digits, which go with every script.
 */
export function toUsername(platformName: string, suffix = ''): string {
  const letters = [...platformName.normalize('NFKC')].filter((letter) => /[\p{L}\p{N}._-]/u.test(letter))
  const stem = letters
    .join('')
    .replace(/^[._-]+/, '')
    .slice(0, bounds.usernameMax - suffixRoom)
  const end = suffix === '' ? '' : `-${suffix}`
  const name = `${stem}${end}`
  return [...stem].length >= bounds.usernameMin && usernameRule(name) === undefined ? name : `user${end}`
}

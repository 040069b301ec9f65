import { bounds } from '@immersiverse/auth-contract'

/** Characters of a suffix and its separator. */
const suffixRoom = 7

/**
 * A username for somebody whom a platform names so: what usernames may not hold is left out, and where nothing is left it is `user`. With a suffix where
 * the name itself is taken.
 */
export function toUsername(platformName: string, suffix = ''): string {
  const letters = [...platformName.normalize('NFKC')].filter((letter) => /[\p{L}\p{N}._-]/u.test(letter))
  const name = letters
    .join('')
    .replace(/^[._-]+/, '')
    .slice(0, bounds.usernameMax - suffixRoom)
  const stem = [...name].length < bounds.usernameMin ? 'user' : name
  return suffix === '' ? stem : `${stem}-${suffix}`
}

import { findWeakness, type WeakPasswords } from './find-weakness.ts'
import { isAboutPerson, type PersonalWords } from './is-about-person.ts'
import type { BreachedList } from './make-breached-list.ts'
import { readWeakPasswords } from './read-weak-passwords.ts'

/** What a new password must not be, beside too short and too long. */
export interface PasswordPolicy {
  /** What is wrong with it, for the person to read; undefined where nothing is. */
  findFault(password: string, person: PersonalWords): Promise<string | undefined>
  /** How often the list of breached passwords could not be read. */
  readonly unreadCount: number
}

/** What {@link makePasswordPolicy} needs. */
export interface PasswordPolicyOptions {
  /** Names of the service, which people make passwords from. */
  readonly serviceWords: readonly string[]
  readonly breached?: BreachedList
  /** Told where the list could not be read; the password is taken then. */
  readonly onUnread: (error: unknown) => void
}

/**
 * Makes the policy (NIST 800-63B-4 §3.1.1.2): a list of what is guessed first, what others know of the person, and what was found in
 * breaches, where there is a list of it. No rules of composition.
 */
export function makePasswordPolicy(options: PasswordPolicyOptions): PasswordPolicy {
  const { breached, onUnread, serviceWords } = options
  let reading: Promise<WeakPasswords> | undefined
  let unreadCount = 0
  const isBreached = async (password: string): Promise<boolean> => {
    try {
      return (await breached?.has(password)) ?? false
    } catch (error) {
      unreadCount += 1
      onUnread(error)
      return false
    }
  }
  return {
    async findFault(password, person) {
      // With the first password, not at the start: most of what a service does needs no list.
      reading ??= readWeakPasswords()
      const weakness = findWeakness(password, await reading)
      if (weakness !== undefined) return weakness
      if (isAboutPerson(password, person, serviceWords)) {
        return 'must be more than your own name, address or the name of this service'
      }
      return (await isBreached(password))
        ? 'was found in a breach of another service: choose one that you use nowhere else'
        : undefined
    },
    get unreadCount() {
      return unreadCount
    },
  }
}

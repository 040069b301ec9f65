import type { Passwords } from '../../../services/auth/src/security/passwords.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** Passwords without Argon2, in some worlds as slow as it in virtual time: much can happen meanwhile. */
export function makeFastPasswords({ clock, random }: SimulatedProcess): Passwords {
  const longestMs = random.chooseOne([2, 10, 120])
  const work = () => clock.sleep(random.between(0, longestMs))
  return {
    pending: 0,
    admit: () => ({ [Symbol.dispose]: () => undefined }),
    isOutdated: () => false,
    hash: async (password) => {
      await work()
      return `hash of ${password}`
    },
    verify: async (password, hashed) => {
      await work()
      return hashed === `hash of ${password}`
    },
  }
}

import type { Passwords } from '../../../services/auth/src/security/passwords.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** Passwords without Argon2: as slow as it, in virtual time, so that much can happen meanwhile. */
export function makeFastPasswords({ clock, random }: SimulatedProcess): Passwords {
  const work = () => clock.sleep(random.between(5, 120))
  return {
    pending: 0,
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

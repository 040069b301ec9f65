import { randomBytes } from 'node:crypto'
import type { Person } from './run-flows.ts'

/** Someone new, whose username begins with `name`. */
export function makePerson(name: string, nickname: string): Person {
  const username = `${name}_${randomBytes(6).toString('hex')}`
  return {
    username,
    email: `${username}@example.com`,
    password: randomBytes(18).toString('base64'),
    nickname,
  }
}

import { bounds } from '@immersiverse/auth-contract'
import type { FieldViolation } from './errors.ts'

/** Length in Unicode code points. */
function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Control, format (bidi, zero width), surrogate and unassigned characters, and line separators. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u
// One `@`, no spaces or control characters, a dot in the domain: what mail servers accept is theirs to say (RFC 5321 §4.5.3.1 lengths).
const emailShape = /^[^\s@\p{Cc}\p{Cf}]{1,64}@[^\s@\p{Cc}\p{Cf}.]+(\.[^\s@\p{Cc}\p{Cf}.]+)+$/u
const roleShape = /^[a-z0-9_.:-]+$/
const tierShape = /^[A-Za-z0-9_-]+$/

/** The form in which usernames are looked up: NFKC and lower case. What may be taken for each other is told by their skeletons, in `store`. */
export function toUsernameKey(username: string): string {
  return username.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** The form in which e-mail addresses are compared. */
export function toEmailKey(email: string): string {
  return email.normalize('NFKC').toLowerCase()
}

/** The form of what somebody logs in with: usernames hold no `@`, so it is one or the other. */
export function toIdentifierKey(identifier: string): string {
  return identifier.includes('@') ? toEmailKey(identifier) : toUsernameKey(identifier)
}

/** A rule for one field: undefined where the value is fine, else what to tell the caller. */
type Rule<T> = (value: T) => string | undefined

export const emailRule: Rule<string> = (email) =>
  countCodePoints(email) <= bounds.emailMax && emailShape.test(email)
    ? undefined
    : 'must be an e-mail address'

export const displayNameRule: Rule<string> = (name) => {
  const length = countCodePoints(name)
  if (length === 0 || length > bounds.displayNameMax || name.trim() === '') {
    return `must have 1 to ${bounds.displayNameMax} characters`
  }
  return invisible.test(name) ? 'must not hold control or invisible characters' : undefined
}

/** A password as it is typed to log in: bounded before it is hashed. */
export const typedPasswordRule: Rule<string> = (password) =>
  password === '' || Buffer.byteLength(password) > bounds.passwordMaxBytes
    ? `must have 1 to ${bounds.passwordMaxBytes} bytes`
    : undefined

/** NIST 800-63B-4 §3.1.1.2: length, no composition rules. */
export function makePasswordRule(minLength: number): Rule<string> {
  return (password) => {
    if (Buffer.byteLength(password) > bounds.passwordMaxBytes) {
      return `must have at most ${bounds.passwordMaxBytes} bytes`
    }
    return countCodePoints(password.normalize('NFKC')) < minLength
      ? `must have at least ${minLength} characters`
      : undefined
  }
}

export const rolesRule: Rule<readonly string[]> = (roles) => {
  if (roles.length > bounds.roles) return `must be at most ${bounds.roles}`
  if (new Set(roles).size !== roles.length) return 'must not repeat a role'
  return roles.every(isRole) ? undefined : `each must be ${roleText}`
}

const roleText = `1 to ${bounds.roleMax} of a-z 0-9 _ . : -`

/** One role, or an empty text where none is meant. */
export const roleRule: Rule<string> = (role) =>
  role === '' || isRole(role) ? undefined : `must be ${roleText}`

function isRole(role: string): boolean {
  return role.length <= bounds.roleMax && roleShape.test(role)
}

export const tierRule: Rule<string> = (tier) =>
  tier === '' || (tier.length <= bounds.tierMax && tierShape.test(tier))
    ? undefined
    : `must be at most ${bounds.tierMax} of A-Z a-z 0-9 _ -`

/** A text that is only passed on, such as a device name. */
export function makeTextRule(max: number): Rule<string> {
  return (text) => {
    if (countCodePoints(text) > max) return `must have at most ${max} characters`
    return invisible.test(text) ? 'must not hold control or invisible characters' : undefined
  }
}

/** Applies a rule to a field; no violation where the field is not given. */
export function findViolation<T>(field: string, value: T | undefined, rule: Rule<T>): FieldViolation[] {
  const description = value === undefined ? undefined : rule(value)
  return description === undefined ? [] : [{ field, description }]
}

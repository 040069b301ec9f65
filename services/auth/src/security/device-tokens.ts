import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../domain/clock.ts'
import type { UserId } from '../domain/ids.ts'

/** What says that a person has logged in on a device before. It proves nothing else, and no login succeeds by it. */
export interface DeviceTokens {
  /** The device that a token of this user names, or undefined where the token is not theirs, or too old. */
  find(token: string, userId: UserId): string | undefined
  /** The token that the device gets after a login: the same device again, and the others of `token` stay known. */
  make(token: string, userId: UserId): string
}

const idBytes = 9
const dayBytes = 2
const macBytes = 16
/** A browser that several people share knows so many of them. */
const peopleMax = 4
const lifetimeDays = 365
const partLength = Math.ceil(((idBytes + dayBytes + macBytes) * 4) / 3)

/**
 * Makes device tokens: up to four parts with `.` between, one for each person of the device, the last who logged in first. A part is id, day
 * and a MAC over both and the user, which the part does not name.
 */
export function makeDeviceTokens(
  keyRing: { readonly fingerprintKey: KeyObject },
  clock: Pick<Clock, 'now'>,
): DeviceTokens {
  const today = () => Math.floor(clock.now().getTime() / 86_400_000)
  const toMac = (head: Uint8Array, userId: UserId) =>
    createHmac('sha256', keyRing.fingerprintKey)
      .update(`device ${userId} `)
      .update(head)
      .digest()
      .subarray(0, macBytes)
  const findPart = (token: string, userId: UserId) => {
    for (const part of toParts(token)) {
      const bytes = Buffer.from(part, 'base64url')
      const head = bytes.subarray(0, idBytes + dayBytes)
      const age = today() - head.readUInt16BE(idBytes)
      if (age > lifetimeDays) continue
      if (timingSafeEqual(toMac(head, userId), bytes.subarray(head.length))) {
        return { part, id: head.subarray(0, idBytes) }
      }
    }
    return undefined
  }
  return {
    find: (token, userId) => findPart(token, userId)?.id.toString('base64url'),
    make(token, userId) {
      const known = findPart(token, userId)
      const day = Buffer.alloc(dayBytes)
      day.writeUInt16BE(today())
      const head = Buffer.concat([known?.id ?? randomBytes(idBytes), day])
      const part = Buffer.concat([head, toMac(head, userId)]).toString('base64url')
      const others = toParts(token).filter((one) => one !== known?.part)
      return [part, ...others].slice(0, peopleMax).join('.')
    },
  }
}

function toParts(token: string): string[] {
  const parts = token.split('.').slice(0, peopleMax)
  return parts.filter((part) => part.length === partLength && /^[\w-]+$/.test(part))
}

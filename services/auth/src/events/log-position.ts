import { invalidField } from '../domain/errors.ts'
import type { LogPosition } from '../store/event-log.ts'

// Version 1: number, then epoch.
const shape = /^1\.(\d{1,15})\.(\d{1,20}\.\d{1,10}\.\d{1,10})$/
const lengthMax = 200

/** A position as readers keep it: opaque text, empty before the first event. */
export function toPositionText({ pubSeq, epoch }: LogPosition): string {
  return pubSeq === 0 ? '' : Buffer.from(`1.${pubSeq}.${epoch}`).toString('base64url')
}

/** The position in a text of {@link toPositionText}. Throws AuthError INVALID_FIELD for `after_position` where it is none. */
export function fromPositionText(text: string): LogPosition {
  if (text === '') return { pubSeq: 0, epoch: '' }
  const [, pubSeq, epoch] =
    shape.exec(text.length > lengthMax ? '' : Buffer.from(text, 'base64url').toString('latin1')) ?? []
  const position = { pubSeq: Number(pubSeq), epoch: epoch ?? '' }
  // Decoding skips what is not base64url: only the text that we would write is one.
  if (!(position.pubSeq > 0) || toPositionText(position) !== text) {
    throw invalidField('after_position', 'must be a position as this service gave it, or empty')
  }
  return position
}

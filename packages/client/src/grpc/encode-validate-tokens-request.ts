/** One question of a batch. */
export interface TokenQuestion {
  readonly accessToken: string
  /** Empty: the service's default. */
  readonly audience: string
  readonly requiredRoles: readonly string[]
}

/** The bytes a question takes inside a batch's message, tag and length included. */
export function toQuestionBytes(question: TokenQuestion): number {
  const size = questionSize(question)
  return 1 + varintSize(size) + size
}

/**
 * Encodes `auth.v1.ValidateTokensRequest` by hand: equal in bytes to protobuf-es (tested), several times as fast, and this is done for
 * every request of a protected service. Ids are safe integers from 1.
 */
export function encodeValidateTokensRequest(
  correlationId: number,
  questions: readonly TokenQuestion[],
): Buffer {
  let size = 1 + varintSize(correlationId)
  for (const question of questions) size += toQuestionBytes(question)
  const out = Buffer.allocUnsafe(size)
  // Field 1, varint.
  out[0] = 0x08
  let at = writeVarint(out, 1, correlationId)
  for (const question of questions) {
    // Field 2, length-delimited.
    out[at++] = 0x12
    at = writeVarint(out, at, questionSize(question))
    at = writeText(out, at, 0x0a, question.accessToken)
    at = writeText(out, at, 0x12, question.audience)
    for (const role of question.requiredRoles) at = writeElement(out, at, 0x1a, role)
  }
  return out
}

function questionSize({ accessToken, audience, requiredRoles }: TokenQuestion): number {
  let size = textSize(accessToken) + textSize(audience)
  for (const role of requiredRoles) size += elementSize(role)
  return size
}

/** proto3 leaves an empty text out, but not an empty element of a list. */
function textSize(text: string): number {
  return text === '' ? 0 : elementSize(text)
}

function elementSize(text: string): number {
  const bytes = Buffer.byteLength(text)
  return 1 + varintSize(bytes) + bytes
}

function writeText(out: Buffer, at: number, tag: number, text: string): number {
  return text === '' ? at : writeElement(out, at, tag, text)
}

function writeElement(out: Buffer, at: number, tag: number, text: string): number {
  out[at] = tag
  const start = writeVarint(out, at + 1, Buffer.byteLength(text))
  return start + out.write(text, start)
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value
  let next = at
  while (rest >= 0x80) {
    out[next++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[next++] = rest
  return next
}

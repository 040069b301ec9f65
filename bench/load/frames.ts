/** Frame types (RFC 9113 §6) that the load meets. */
export const frameTypes = Object.freeze({
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
})

/** Their flags. */
export const flags = Object.freeze({ endStream: 1, ack: 1, endHeaders: 4 })

/** Bytes before a frame's payload. */
export const frameHeadBytes = 9

/** SETTINGS_MAX_FRAME_SIZE of a server that says nothing else. */
const payloadBytesMax = 16_384

/** A whole frame. Throws RangeError for a payload that would need several. */
export function toFrame(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  if (payload.length > payloadBytesMax) throw new RangeError('a message of the load is too large')
  const frame = Buffer.allocUnsafe(frameHeadBytes + payload.length)
  frame.writeUIntBE(payload.length, 0, 3)
  frame[3] = type
  frame[4] = flag
  frame.writeUInt32BE(stream, 5)
  payload.copy(frame, frameHeadBytes)
  return frame
}

/** A gRPC message with its prefix: not compressed, length in four bytes. */
export function toMessage(bytes: Uint8Array): Buffer {
  const message = Buffer.alloc(5 + bytes.length)
  message.writeUInt32BE(bytes.length, 1)
  message.set(bytes, 5)
  return message
}

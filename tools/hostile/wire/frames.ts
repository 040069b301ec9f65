/** Frames of HTTP/2 (RFC 9113 §4.1, §6), made by hand so that they can be wrong. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Types that attacks use. */
export const frameTypes = Object.freeze({
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
})

export const flags = Object.freeze({ none: 0, endStream: 1, ack: 1, endHeaders: 4 })

/** One frame. */
export function toFrame(
  type: number,
  flag: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flag
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** SETTINGS with these identifiers and values. */
export function toSettings(values: Readonly<Record<number, number>> = {}): Buffer {
  const entries = Object.entries(values).map(([id, value]) => {
    const entry = Buffer.alloc(6)
    entry.writeUInt16BE(Number(id), 0)
    entry.writeUInt32BE(value, 2)
    return entry
  })
  return toFrame(frameTypes.settings, flags.none, 0, Buffer.concat(entries))
}

/** A header block of literal fields that nobody indexes (RFC 7541 §6.2.2). */
export function toHeaderBlock(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), toText(name), toText(value)])
  return Buffer.concat(parts)
}

/** A string without Huffman coding (RFC 7541 §5.2). */
function toText(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

/** The headers of a gRPC call. */
export function toCallHeaders(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return toHeaderBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'auth',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  })
}

/** A message as gRPC sends it in DATA. */
export function toMessage(bytes: Buffer, compressed = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = compressed
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** Static table entries (RFC 7541, appendix A) that gRPC requests use. */
const fixed = Buffer.of(0x83, 0x86) // `:method: POST`, `:scheme: http`

/** The header block of a gRPC call, as a client sends it on a connection for the first time and from then on. */
export interface HeaderBlocks {
  /** Puts every header into the connection's dynamic table. */
  readonly first: Buffer
  /** Names them there: a byte each, as real clients do. */
  readonly next: Buffer
}

/** Encodes the headers that grpc-js's client sends, by hand: cheap, so that the load is not the limit. */
export function makeHeaderBlocks(path: string, authority: string): HeaderBlocks {
  const entries = [
    toEntry(4, path),
    toEntry(1, authority),
    toEntry(58, 'grpc-node-js/1.14.7'),
    toEntry(31, 'application/grpc'),
    toEntry('te', 'trailers'),
    toEntry('grpc-accept-encoding', 'identity,deflate,gzip'),
  ]
  // The entry that came last has index 62.
  const indices = entries.map((_entry, place) => 0x80 | (62 + entries.length - 1 - place))
  return { first: Buffer.concat([fixed, ...entries]), next: Buffer.concat([fixed, Buffer.from(indices)]) }
}

/** A literal with incremental indexing (RFC 7541 §6.2.1), its name a static index or a text; no Huffman code. */
function toEntry(name: number | string, value: string): Buffer {
  const head =
    typeof name === 'number' ? Buffer.of(0x40 | name) : Buffer.concat([Buffer.of(0x40), toText(name)])
  return Buffer.concat([head, toText(value)])
}

function toText(text: string): Buffer {
  if (text.length >= 0x7f) throw new RangeError('a header of the load is too long')
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')])
}

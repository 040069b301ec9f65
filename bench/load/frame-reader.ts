import { frameHeadBytes } from './frames.ts'

/** Told of each frame; the payload is valid during the call only. */
export type OnFrame = (type: number, flag: number, stream: number, payload: Buffer) => void

/** Makes a reader that takes the bytes of a connection as they come and tells whole frames. */
export function makeFrameReader(onFrame: OnFrame): (chunk: Buffer) => void {
  let left: Buffer | undefined
  return (chunk) => {
    const bytes = left === undefined ? chunk : Buffer.concat([left, chunk])
    let at = 0
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff
      onFrame(
        bytes.readUInt8(at + 3),
        bytes.readUInt8(at + 4),
        stream,
        bytes.subarray(at + frameHeadBytes, end),
      )
      at = end
    }
    left = at === bytes.length ? undefined : bytes.subarray(at)
  }
}

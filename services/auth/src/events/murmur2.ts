const multiplier = 0x5bd1e995
const seed = 0x9747b28c

/** MurmurHash2 as Kafka's Java clients compute it (`org.apache.kafka.common.utils.Utils.murmur2`): a signed 32-bit number. */
export function murmur2(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const whole = data.byteLength & ~3
  let hash = seed ^ data.byteLength
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(view.getInt32(at, true), multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  if (whole < data.byteLength) {
    for (let at = data.byteLength - 1; at >= whole; at -= 1) hash ^= view.getUint8(at) << (8 * (at - whole))
    hash = Math.imul(hash, multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return (hash ^ (hash >>> 15)) | 0
}

/** The number whose remainder by the partition count is the partition that Kafka's Java clients choose for a key. */
export function toPartitionHash(key: Uint8Array): number {
  return murmur2(key) & 0x7fffffff
}

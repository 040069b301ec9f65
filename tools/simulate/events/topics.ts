/** How many partitions each keyed topic has: fewer than Kafka's, so that users share them. */
export const partitionCount = 3

/** Where users' states stand, and revocations; events stand in topics named after themselves. */
export const stateTopic = 'auth.state.users'
export const revocationTopic = 'auth.events.token_blacklist'

/** The partition of a key: one rule for all topics (O6). */
export function toPartition(key: string): number {
  let hash = 0
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0
  return Math.abs(hash) % partitionCount
}

import type { Kysely } from 'kysely'
import { getLastNumber, getPublishedUpTo as getUpTo, markPublishedUpTo } from './lane-marks.ts'
import { lanes } from './lanes.ts'
import type { Leadership } from './number-rows.ts'
import type { Schema } from './schema.ts'

const lane = lanes.revocations

/** The number up to which revocations are known to be published; 0 before the first. */
export async function getPublishedUpTo(kysely: Kysely<Schema>): Promise<number> {
  return await getUpTo(kysely, lane)
}

/** Marks what the broker has acknowledged, and nothing before it has. After a takeover it marks nothing. */
export async function markRevocationsPublished(
  kysely: Kysely<Schema>,
  leadership: Leadership,
  upTo: number,
): Promise<void> {
  await markPublishedUpTo(kysely, lane, leadership, upTo)
}

/**
 * The highest number given to a revocation.
 * @throws TermLostError when another process has taken over.
 */
export async function getLastRevocationNumber(
  kysely: Kysely<Schema>,
  leadership: Leadership,
): Promise<number> {
  return await getLastNumber(kysely, lane, leadership)
}

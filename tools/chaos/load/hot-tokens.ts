/** Tokens that were just revoked: since when, and when to ask next. */
export type HotTokens = Map<number, { readonly sinceMs: number; dueMs: number }>

/** How long to wait before the next question about a token revoked so long ago: short at first, and around the bound, where a late accept would show. */
export function toPauseMs(ageMs: number, maxStalenessMs: number): number {
  if (ageMs < 200) return 20
  if (ageMs > maxStalenessMs - 200 && ageMs < maxStalenessMs + 700) return 40
  return 200
}

/** From then on a revoked token is one among the old. */
export function isColdAfterMs(maxStalenessMs: number): number {
  return maxStalenessMs + 3_000
}

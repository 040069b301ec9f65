/** How long before S is over ValidateToken is asked, in milliseconds: a third of S, at most a second. */
export function toLeadMs(maxStalenessMs: number): number {
  return Math.min(maxStalenessMs / 3, 1_000)
}

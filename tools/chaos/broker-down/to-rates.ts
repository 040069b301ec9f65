import type { Backlog } from './read-backlog.ts'

/** Events a second between two looks. */
export function toRates(from: Backlog, to: Backlog): { readonly inflow: number; readonly outflow: number } {
  const seconds = (to.atMs - from.atMs) / 1_000
  return {
    inflow: (to.numbered - from.numbered) / seconds,
    outflow: (to.published - from.published) / seconds,
  }
}

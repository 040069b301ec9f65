const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** A duration for people, in its largest whole unit: `3 d`, `12 s`, `40 ms`. */
export function toDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'for ever'
  const [unit, size] = units.find(([, one]) => ms >= one) ?? ['ms', 1]
  return `${Math.round(ms / size)} ${unit}`
}

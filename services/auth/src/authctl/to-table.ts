/** Rows below their headings, in columns of equal width; `nothing` where there are none. */
export function toTable(rows: readonly Readonly<Record<string, string>>[], nothing: string): string {
  const [first] = rows
  if (first === undefined) return nothing
  const names = Object.keys(first)
  const lines = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => row[name] ?? '')),
  ]
  const widths = names.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

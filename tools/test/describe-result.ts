import type { TestFileResult } from './run-test-file.ts'

/** The lines that tell how a test file ended: one when all is well, its failures in full otherwise. */
export function describeResult(result: TestFileResult): string {
  const { file, passed, failures, skips, durationMs, output } = result
  const mark = failures.length > 0 ? 'FAIL' : 'ok  '
  const seconds = `${(durationMs / 1000).toFixed(1)} s`.padStart(8)
  const counts = [`${passed} passed`, `${failures.length} failed`, `${skips.length} skipped`]
  const line = `${mark} ${seconds}  ${file}: ${counts.filter((count) => !count.startsWith('0 ')).join(', ') || 'nothing ran'}`
  if (failures.length === 0) return line
  const details = failures.map(({ title, detail }) => `\n  ✗ ${title}\n${indent(detail)}`)
  const printed = output.trim() === '' ? '' : `\n  it printed:\n${indent(output.trim())}`
  return [line, ...details, printed, ''].join('\n')
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '      ')
}

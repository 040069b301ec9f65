import { readFileSync } from 'node:fs'

// USER_HZ is 100 on every Linux that Node runs on.
const ticksPerSecond = 100

/** Seconds of CPU that a process has used, all its threads; NaN where the system does not tell. */
export function readCpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th fields behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return Number.NaN
  }
}

import { readFileSync } from 'node:fs'

/** Whether the process `pid` runs. One that has ended and only waits to be reaped by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    if (process.platform !== 'linux') return true
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

import { linkSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Another process has the data folder open. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError'
}

/**
 * Takes the folder for this process by a file with its process id, and returns what gives it back.
 * A file left behind by a process that is gone is taken over.
 * @throws FolderLockedError when a living process has it.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'lock')
  // Linked, not written in place: nobody sees the file before it says whose it is.
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, `${process.pid} ${processStart(process.pid) ?? ''}\n`, { mode: 0o600 })
  try {
    while (!tryLink(mine, file)) {
      const [pid, start] = readHolder(file)
      if (pid !== undefined && isAlive(pid, start)) {
        throw new FolderLockedError(
          `the data folder ${folder} is in use by process ${pid}: stop it, or set AUTH_DATA_DIR to another folder`,
        )
      }
      removeStale(folder, file)
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return () => rmSync(file, { force: true })
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/** Removes a dead holder's file. One process at a time, or the second would remove what the first has just taken. */
function removeStale(folder: string, file: string): void {
  const turn = join(folder, 'lock.takeover')
  try {
    mkdirSync(turn)
  } catch {
    const age = Date.now() - (statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age < 10_000)
      throw new FolderLockedError(`the data folder ${folder} is just being opened by another process`)
    rmdirSync(turn)
    return
  }
  try {
    const [pid, start] = readHolder(file)
    if (pid === undefined || !isAlive(pid, start)) rmSync(file, { force: true })
  } finally {
    rmdirSync(turn)
  }
}

function readHolder(file: string): [number | undefined, string] {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ')
    return [/^\d+$/.test(pid) ? Number(pid) : undefined, start]
  } catch {
    return [undefined, '']
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  // The id may have been given to another process since.
  const now = processStart(pid)
  return start === '' || now === undefined || now === start
}

/** When a process began, in the kernel's ticks; undefined where there is no /proc. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

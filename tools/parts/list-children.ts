import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A running process: its id, its parent's and its command line. */
interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** The direct children of the process `pid` that run at the moment. */
export async function listChildren(pid: number): Promise<ProcessRow[]> {
  const rows = process.platform === 'linux' ? await readProc() : await readPs()
  return rows.filter((row) => row.parent === pid)
}

// Slim Linux images have no `ps`.
async function readProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const rows = await Promise.all(pids.map((pid) => readProcRow(pid).catch(() => undefined)))
  return rows.filter((row) => row !== undefined)
}

async function readProcRow(pid: string): Promise<ProcessRow> {
  const [stat, command] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ])
  // The name, in parentheses, may hold spaces and parentheses itself; state and parent follow it.
  const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { pid: Number(pid), parent: Number(parent), command: command.replaceAll('\0', ' ') }
}

async function readPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,command='])
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
}

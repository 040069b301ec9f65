import { readFile } from 'node:fs/promises'

/** A system user's ids. */
export interface PlainUser {
  readonly uid: number
  readonly gid: number
}

/** Whom to run PostgreSQL as, which refuses root: nobody in particular unless this process is root's. */
export async function findPlainUser(): Promise<PlainUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const entry = lines.find(([user]) => user === name)
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  throw new Error('PostgreSQL refuses root, and this machine has neither a user postgres nor a user nobody')
}

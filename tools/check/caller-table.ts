import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listCallableMethods } from '../../services/auth/src/security/callers/list-callable-methods.ts'
import {
  callerTableFile,
  exampleFile,
  generateCallerTable,
  readExamplePolicy,
} from '../callers/generate-caller-table.ts'
import { listUncalledMethods } from '../callers/list-uncalled-methods.ts'
import { rootFolder } from '../process/root-folder.ts'

/** Methods that no caller of the sample policy may call, one line each, and a table of it that is not the present one. */
export async function checkCallerTable(root = rootFolder): Promise<string[]> {
  const policy = await readExamplePolicy(root)
  const uncalled = listUncalledMethods(policy, listCallableMethods().keys())
  const lines = uncalled.map((method) => `${method} has no caller; say in ${exampleFile} who may call it`)
  const table = await readFile(join(root, callerTableFile), 'utf8').catch(() => '')
  if (table !== (await generateCallerTable(root))) {
    lines.push(`${callerTableFile} is not that of ${exampleFile}: npm run generate`)
  }
  return lines
}

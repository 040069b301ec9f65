import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallerPolicy } from '../../services/auth/src/domain/caller-policy.ts'
import { listCallableMethods } from '../../services/auth/src/security/callers/list-callable-methods.ts'
import { readCallerPolicy } from '../../services/auth/src/security/callers/read-caller-policy.ts'
import { rootFolder } from '../process/root-folder.ts'
import { toCallerTable } from './to-caller-table.ts'

/** The sample policy, and where the table of it stands. */
export const exampleFile = 'services/auth/callers.example.yaml'
export const callerTableFile = 'docs/callers-table.md'

/** Reads the sample policy. Throws where it does not hold. */
export async function readExamplePolicy(root = rootFolder): Promise<CallerPolicy> {
  const text = await readFile(join(root, exampleFile), 'utf8')
  const { policy, faults } = readCallerPolicy(text, {
    methods: listCallableMethods(),
    trustDomain: 'immersiverse',
  })
  if (faults.length > 0) throw new Error(faults.map((fault) => `${exampleFile}: ${fault}`).join('\n'))
  return policy
}

/** The text of `docs/callers-table.md` that the protos and the sample policy give now. */
export async function generateCallerTable(root = rootFolder): Promise<string> {
  return toCallerTable(await readExamplePolicy(root), listCallableMethods().keys())
}

import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRunBuf, runBuf } from '../buf/run-buf.ts'
import { rootFolder } from '../process/root-folder.ts'
import type { CommandResult } from '../process/run-command.ts'

/** The contract as it was accepted last, as a buf image; only `npm run contract:accept` writes it. */
export const releasedContract = 'proto/released.binpb'

/** Runs `buf breaking` against the released contract; before the first release everything is allowed. */
export async function checkReleasedContract(root = rootFolder): Promise<CommandResult> {
  if (!existsSync(join(root, releasedContract))) return { code: 0, output: '' }
  return await runBuf(['breaking', '--against', releasedContract], root)
}

/** Makes the present protos the released contract. Throws, and leaves it as it is, when they break its users. */
export async function acceptContract(root = rootFolder): Promise<void> {
  const { code, output } = await checkReleasedContract(root)
  if (code !== 0)
    throw new Error(`${output.trim()}\nrefused: these changes break those who use ${releasedContract}`)
  const fresh = `proto/accepting-${process.pid}.binpb`
  try {
    await mustRunBuf(['build', '--exclude-source-info', '--output', fresh], root)
    await rename(join(root, fresh), join(root, releasedContract))
  } finally {
    await rm(join(root, fresh), { force: true })
  }
}

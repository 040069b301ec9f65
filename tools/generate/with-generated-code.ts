import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootFolder } from '../process/root-folder.ts'
import { compareFolders, type FolderDifference } from './compare-folders.ts'
import { generateCode } from './generate-code.ts'

/** Where the committed generated code stands. */
export const generatedFolder: string = join(rootFolder, 'packages/contract/src/gen')

/** Generates into a temporary folder, hands it over with its difference from the committed code, and removes it. */
export async function withGeneratedCode<Result>(
  use: (fresh: string, difference: FolderDifference) => Promise<Result>,
): Promise<Result> {
  const fresh = await mkdtemp(join(tmpdir(), 'generated-'))
  try {
    await generateCode(fresh)
    return await use(fresh, await compareFolders(fresh, generatedFolder))
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

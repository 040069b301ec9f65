import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { rootFolder } from '../process/root-folder.ts'
import { makeWeakFiles } from '../weak-passwords/make-weak-files.ts'
import { generatedFolder, withGeneratedCode } from './with-generated-code.ts'

try {
  await withGeneratedCode(async (fresh, { missing, changed, stale }) => {
    // Only what differs is written, so that a process that reads the code meanwhile finds it whole.
    for (const file of [...missing, ...changed]) {
      await mkdir(dirname(join(generatedFolder, file)), { recursive: true })
      await copyFile(join(fresh, file), join(generatedFolder, file))
    }
    for (const file of stale) await rm(join(generatedFolder, file))
    const counts = `${missing.length} new, ${changed.length} changed, ${stale.length} removed`
    console.log(`generated packages/contract/src/gen: ${counts}`)
  })
  // Only now: it reads the contract's topics, and with them the code above.
  const { asyncApiFile, generateAsyncApi } = await import('../async-api/generate-async-api.ts')
  await writeFile(asyncApiFile, await generateAsyncApi())
  console.log('generated asyncapi.yaml')
  const { callerTableFile, generateCallerTable } = await import('../callers/generate-caller-table.ts')
  await writeFile(join(rootFolder, callerTableFile), await generateCallerTable())
  console.log(`generated ${callerTableFile}`)
  const { accessPageFile, generateAccessPage } = await import('../access/generate-access-page.ts')
  await writeFile(accessPageFile, generateAccessPage())
  console.log('generated docs/access.md')
  for (const { file, text } of makeWeakFiles()) await writeFile(file, text)
  console.log('generated the lists of weak passwords')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

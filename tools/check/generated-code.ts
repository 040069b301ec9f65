import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { accessPageFile, generateAccessPage } from '../access/generate-access-page.ts'
import { asyncApiFile, generateAsyncApi } from '../async-api/generate-async-api.ts'
import { withGeneratedCode } from '../generate/with-generated-code.ts'
import { makeWeakFiles } from '../weak-passwords/make-weak-files.ts'

/** How the committed generated code, `asyncapi.yaml` and `docs/access.md` differ from what the protos give now, one line a file. */
export async function checkGeneratedCode(): Promise<string[]> {
  const lines = await withGeneratedCode(async (_fresh, { missing, changed, stale }) => [
    ...missing.map((file) => `${file} is missing; run npm run generate`),
    ...changed.map((file) => `${file} is not what the protos give; run npm run generate`),
    ...stale.map((file) => `${file} comes from no proto any more; run npm run generate`),
  ])
  const read = (file: string) => readFile(file, 'utf8').catch(() => undefined)
  if ((await read(asyncApiFile)) !== (await generateAsyncApi()))
    lines.push('asyncapi.yaml is not what the protos and topics give; run npm run generate')
  if ((await read(accessPageFile)) !== generateAccessPage())
    lines.push("docs/access.md is not what the protos' marks give; run npm run generate")
  for (const { file, text } of makeWeakFiles()) {
    const present = await readFile(file, 'utf8').catch(() => undefined)
    if (present !== text)
      lines.push(`${basename(file)} is not what its generator gives; run npm run generate`)
  }
  return lines
}

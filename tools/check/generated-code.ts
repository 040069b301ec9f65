import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { asyncApiFile, generateAsyncApi } from '../async-api/generate-async-api.ts'
import { withGeneratedCode } from '../generate/with-generated-code.ts'
import { makeWeakFiles } from '../weak-passwords/make-weak-files.ts'

/** How the committed generated code and `asyncapi.yaml` differ from what the protos give now, one line a file. */
export async function checkGeneratedCode(): Promise<string[]> {
  const lines = await withGeneratedCode(async (_fresh, { missing, changed, stale }) => [
    ...missing.map((file) => `${file} is missing; run npm run generate`),
    ...changed.map((file) => `${file} is not what the protos give; run npm run generate`),
    ...stale.map((file) => `${file} comes from no proto any more; run npm run generate`),
  ])
  for (const { file, text } of makeWeakFiles()) {
    const present = await readFile(file, 'utf8').catch(() => undefined)
    if (present !== text)
      lines.push(`${basename(file)} is not what its generator gives; run npm run generate`)
  }
  const committed = await readFile(asyncApiFile, 'utf8').catch(() => undefined)
  if (committed === (await generateAsyncApi())) return lines
  return [...lines, 'asyncapi.yaml is not what the protos and topics give; run npm run generate']
}

import { withGeneratedCode } from '../generate/with-generated-code.ts'

/** How the committed generated code differs from what the protos give now, one line a file. */
export function checkGeneratedCode(): Promise<string[]> {
  return withGeneratedCode(async (_fresh, { missing, changed, stale }) => [
    ...missing.map((file) => `${file} is missing; run npm run generate`),
    ...changed.map((file) => `${file} is not what the protos give; run npm run generate`),
    ...stale.map((file) => `${file} comes from no proto any more; run npm run generate`),
  ])
}

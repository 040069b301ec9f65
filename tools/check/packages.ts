import { buildPackages } from '../build/build-packages.ts'
import { runNpmBinary } from '../process/run-npm-binary.ts'

/** Builds the packages and has publint and attw look at each as npm would pack it; what they find wrong, in full. */
export async function checkPackages(): Promise<string[]> {
  const findings: string[] = []
  for (const { folder } of await buildPackages()) {
    const results = await Promise.all([
      runNpmBinary('publint', 'publint', [folder, '--strict']),
      runNpmBinary('@arethetypeswrong/cli', 'attw', [
        '--pack',
        folder,
        '--profile',
        'esm-only',
        '--no-color',
      ]),
    ])
    for (const { code, output } of results) if (code !== 0) findings.push(output.trim())
  }
  return findings
}

import { runBuf } from '../buf/run-buf.ts'
import { rootFolder } from '../process/root-folder.ts'
import { runNpmBinary } from '../process/run-npm-binary.ts'
import { checkCallerTable } from './caller-table.ts'
import { type CheckStep, commandStep, listStep } from './check-step.ts'
import { checkConfigurationPage } from './configuration-page.ts'
import { checkEdgeMarks } from './edge-marks.ts'
import { checkFileSizes } from './file-sizes.ts'
import { checkForbiddenStrings } from './forbidden-strings.ts'
import { checkGeneratedCode } from './generated-code.ts'
import { checkImports } from './imports.ts'
import { checkInstallScripts } from './install-scripts.ts'
import { checkPackages } from './packages.ts'
import { checkReleasedContract } from './released-contract.ts'
import { checkReleasedEvents } from './released-events.ts'
import { checkSecurityPage } from './security-page.ts'

const steps: readonly CheckStep[] = [
  commandStep('types', () => runNpmBinary('typescript', 'tsc', ['-p', 'tsconfig.json'])),
  commandStep('lint and format', () =>
    runNpmBinary('@biomejs/biome', 'biome', ['check', '--error-on-warnings']),
  ),
  listStep('import directions', () => checkImports(rootFolder)),
  listStep('file sizes', () => checkFileSizes(rootFolder)),
  listStep('no machine named', () => checkForbiddenStrings(rootFolder)),
  commandStep('proto lint', () => runBuf(['lint'])),
  commandStep('proto breaks nobody', checkReleasedContract),
  listStep('events break nobody', () => checkReleasedEvents(rootFolder)),
  listStep('generated code', checkGeneratedCode),
  listStep('edge marks', checkEdgeMarks),
  listStep('callers of every method', () => checkCallerTable()),
  listStep('install scripts', () => checkInstallScripts(rootFolder)),
  listStep('page on security', () => checkSecurityPage(rootFolder)),
  listStep('page on configuration', () => checkConfigurationPage(rootFolder)),
  listStep('packages', checkPackages),
]

let failed = 0
for (const step of steps) {
  const started = performance.now()
  const wrong = await step
    .run()
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${wrong === undefined ? 'ok  ' : 'FAIL'} ${seconds.padStart(5)} s  ${step.name}`)
  if (wrong === undefined) continue
  failed++
  console.log(wrong.replaceAll(/^(?=.)/gm, '      '))
}
if (failed > 0) {
  console.log(`${failed} of ${steps.length} checks failed`)
  process.exitCode = 1
}

import { runNpmHere } from './run-npm-here.ts'

// From the lockfile alone: what would be installed, on whatever machine.
const what = ['--package-lock-only', '--sbom-type=application', '--loglevel=error']
const format = process.argv.includes('--spdx') ? 'spdx' : 'cyclonedx'
process.exitCode = runNpmHere('sbom', `--sbom-format=${format}`, ...what)

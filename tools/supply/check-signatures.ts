import { runNpmHere } from './run-npm-here.ts'

// Asks the registry for its signatures: not part of `check`, which needs no network.
process.exitCode = runNpmHere('audit', 'signatures')

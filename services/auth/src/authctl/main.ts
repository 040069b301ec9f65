#!/usr/bin/env -S node --conditions=source
import { openTerminal } from './open-terminal.ts'
import { runAuthctl } from './run-authctl.ts'

process.exitCode = await runAuthctl(process.argv.slice(2), openTerminal(process))

import assert from 'node:assert/strict'
import { ConfigError, readConfig } from '../src/config.ts'

/** What is wrong with an environment, all of it; nothing where it can be read. */
export function listFaults(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.faults
  }
}

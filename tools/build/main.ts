import { buildPackages } from './build-packages.ts'

try {
  for (const { folder } of await buildPackages()) console.log(`built ${folder}/dist`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

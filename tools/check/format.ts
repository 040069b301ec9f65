import { runNpmBinary } from '../process/run-npm-binary.ts'

const { code, output } = await runNpmBinary('@biomejs/biome', 'biome', [
  'check',
  '--write',
  ...process.argv.slice(2),
])
console.log(output.trim())
process.exitCode = code

import { runDemo } from './run-demo.ts'

const interruption = new AbortController()
// Not `once`: npm and a terminal may both send the signal, and the second must not cut the cleaning-up short.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.exitCode = 130
    interruption.abort(new Error(`stopped by ${signal}`))
  })
}
process.on('uncaughtException', (error) => interruption.abort(error))

try {
  const held = await runDemo({
    environment: process.env,
    print: (line) => console.log(line),
    signal: interruption.signal,
  })
  process.exitCode = held ? 0 : 1
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`)
  process.exitCode ??= 1
}

import { parseArgs } from 'node:util'
import { createTestDatabase } from '../parts/create-test-database.ts'
import { runTiming } from './run-timing.ts'
import { toTimingReport } from './to-timing-report.ts'

const usage = 'usage: npm run timing -- [--samples 10000] [--in-flight 32] [--floor-ms 150] [--embedded]'

/** Fails logins of every class, prints how long they took, and ends with 1 where some can be told apart. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      samples: { type: 'string', default: '10000' },
      'in-flight': { type: 'string', default: '32' },
      'floor-ms': { type: 'string', default: '150' },
      embedded: { type: 'boolean', default: false },
    },
  })
  const options = {
    samples: Number(values.samples),
    inFlight: Number(values['in-flight']),
    floorMs: Number(values['floor-ms']),
    random: Math.random,
  }
  if (!(options.samples >= 2 && options.inFlight >= 1 && options.floorMs >= 0)) throw new RangeError(usage)
  await using stack = new AsyncDisposableStack()
  const database = values.embedded ? { skipReason: 'as asked' } : await createTestDatabase()
  const isReal = !('skipReason' in database)
  if (isReal) stack.use(database)
  console.log(isReal ? 'on PostgreSQL' : `on the embedded database: ${database.skipReason}`)
  const report = toTimingReport(
    await runTiming({ ...options, ...(isReal ? { databaseUrl: database.url } : {}) }),
  )
  console.log(report.text)
  process.exitCode = report.holds ? 0 : 1
}

try {
  await main()
} catch (error) {
  console.error(error instanceof RangeError ? error.message : error)
  process.exitCode = 2
}
// The PostgreSQL that was started for this run goes with the process.
process.exit()

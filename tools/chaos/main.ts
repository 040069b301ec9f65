import { runBrokerDown } from './broker-down/run-broker-down.ts'
import { toBrokerDownReport } from './broker-down/to-broker-down-report.ts'
import { runConsumers } from './consumers/run-consumers.ts'
import { toConsumersReport } from './consumers/to-consumers-report.ts'
import { runEvents } from './events/run-events.ts'
import { toEventsReport } from './events/to-events-report.ts'
import { runRaces } from './races/run-races.ts'
import { readOptions, usage } from './read-options.ts'
import { runRefresh } from './refresh/run-refresh.ts'
import { runRolling } from './rolling/run-rolling.ts'
import { runRevocation } from './run-revocation.ts'
import { toReport } from './verdicts/to-report.ts'

const interruption = new AbortController()
// Not `once`: npm and a terminal may both send the signal, and the second must not cut the cleaning-up short.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.exitCode = 130
    interruption.abort(new Error(`stopped by ${signal}`))
  })
}

try {
  const options = readOptions(process.argv.slice(2))
  const { signal } = interruption
  const tell = (line: string) => console.log(line)
  const violations = await run()
  if (violations.length > 0) process.exitCode = 1

  async function run() {
    switch (options.what) {
      case 'revocation': {
        const result = await runRevocation({ ...options, signal, tell })
        console.log(`\n${toReport(result)}\n`)
        return tellViolations(result.history.violations)
      }
      case 'consumers': {
        const result = await runConsumers({ ...options, signal, tell })
        console.log(`\n${toConsumersReport(result)}\n`)
        return tellViolations(result.groups.flatMap(({ violations }) => violations))
      }
      case 'events': {
        const longTransactionMs = options.foreignSeconds * 1_000
        const { variant: _variantOfVerifiers, ...asked } = options
        const result = await runEvents({ ...asked, longTransactionMs, signal, tell })
        console.log(`\n${toEventsReport(result)}\n`)
        return tellViolations(result.violations)
      }
      case 'broker-down': {
        const result = await runBrokerDown({ ...options, downMs: options.minutes * 60_000, signal, tell })
        console.log(`\n${toBrokerDownReport(result)}\n`)
        return tellViolations(result.violations)
      }
      case 'rolling': {
        const { violations, restarts, acknowledged, errors } = await runRolling({
          ...options,
          betweenMs: 3_000,
          signal,
          tell,
        })
        const seen = [...errors].map(([code, count]) => `${count} ${code}`).join(', ')
        console.log(
          `\n${restarts} restarts, ${acknowledged} writes acknowledged; callers saw ${seen || 'no error'}`,
        )
        return tellViolations(violations)
      }
      case 'races': {
        const { counts, violations, tookMs } = await runRaces({ ...options, signal })
        for (const [name, { races, issued }] of counts)
          console.log(`${name.padEnd(44)} ${races} races, tokens issued in ${issued}`)
        console.log(`${(tookMs / 1000).toFixed(0)} s`)
        return tellViolations(violations)
      }
      case 'refresh': {
        const { violations, tookMs, ...figures } = await runRefresh({ ...options, signal, tell })
        const { families, calls, unanswered, ended, faults } = figures
        console.log(
          `\n${faults} faults, ${families} families, ${calls} refreshes, ${unanswered} without an answer`,
        )
        console.log(`${ended} families ended; ${(tookMs / 1000).toFixed(0)} s`)
        return tellViolations(violations)
      }
    }
  }

  function tellViolations<T extends { property: string; told: string }>(violations: readonly T[]) {
    for (const { property, told } of violations.slice(0, 20)) console.log(`VIOLATION of ${property}: ${told}`)
    if (violations.length > 0) console.log(`${violations.length} violations; seed ${options.seed}`)
    return violations
  }
} catch (error) {
  const isUsage = error instanceof TypeError || error instanceof RangeError
  console.error(`chaos: ${error instanceof Error ? error.message : error}${isUsage ? `\n${usage}` : ''}`)
  process.exitCode ??= 1
}
// What a library left open must not hold a run that is over.
process.exit()

import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js'
import { pino } from 'pino'
import { toErrorLine } from './compose/to-error-line.ts'
import { openService } from './compose.ts'
import { ConfigError, readConfig } from './config.ts'

/** For what is closed after the calls: the database's connections, the broker's. */
const restMs = 5_000

async function main(): Promise<void> {
  // What it has to say, such as a port in use, this service says itself.
  setLogVerbosity(logVerbosity.NONE)
  const config = readConfig()
  const log = pino({ level: config.AUTH_LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const stopped = waitForSignal()
  const service = await openService(config, log)
  await stopped
  const { AUTH_SHUTDOWN_DELAY: delayMs, AUTH_SHUTDOWN_TIMEOUT: drainMs } = config
  log.info({ delayMs, drainMs }, 'stopping')
  // A neighbour that does not answer must not keep the process: whoever told it to stop has a deadline too.
  setTimeout(() => process.exit(1), delayMs + drainMs + restMs).unref()
  await service.close(drainMs, delayMs)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`auth: ${toErrorLine(error)}\n`)
  process.exitCode = error instanceof ConfigError ? 78 : 1
}
// What a library left open (a socket that waits for its time-out) must not hold a process that has stopped.
process.exit()

/**
 * Resolves when the process is told to stop. Told again a second later it stops at once; sooner is an echo: a terminal and whoever
 * started this process may both pass one Ctrl-C on.
 */
function waitForSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let toldAtMs: number | undefined
  const onSignal = () => {
    if (toldAtMs !== undefined && performance.now() - toldAtMs > 1000) process.exit(1)
    toldAtMs ??= performance.now()
    resolve()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return promise
}

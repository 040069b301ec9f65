import { randomUUID } from 'node:crypto'
import { connectAuth, type KafkaOptions, type Logger } from '@immersiverse/auth-client'
import type { ServiceProcess } from '@immersiverse/example-processes'
import { makeTeller, StepError } from './make-teller.ts'
import { openPlatform } from './open-platform.ts'
import { runFlows } from './run-flows.ts'
import { watchUserEvents } from './watch-user-events.ts'

/** What the demo runs with. */
export interface DemoParts {
  readonly environment: NodeJS.ProcessEnv
  readonly print: (line: string) => void
  /** Aborted when someone wants it to stop. */
  readonly signal: AbortSignal
}

/** What the processes said is the better source while they are stopped on purpose. */
const silent: Logger = Object.freeze({ warn: () => undefined, error: () => undefined })

/**
 * Starts the platform, walks the flows and stops the platform, whatever happens. Says whether every step held; tells what did not, with the
 * last lines of the services' output. Rejects only when `signal` is aborted.
 */
export async function runDemo({ environment, print, signal }: DemoParts): Promise<boolean> {
  const start = performance.now()
  const teller = makeTeller(print, signal)
  const processes: ServiceProcess[] = []
  try {
    await using stack = new AsyncDisposableStack()
    print(describe(environment))
    const platform = await openPlatform({ environment, teller, signal, processes, stack })
    const auth = stack.use(
      await connectAuth({
        address: platform.authGrpcAddress,
        verification: 'remote',
        logger: silent,
        ...readKafka(environment),
      }),
    )
    const events = watchUserEvents(auth, `demo-${randomUUID()}`, signal)
    await runFlows({ platform, auth, events, teller })
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    print(`\nAll ${teller.count()} steps held, in ${seconds} s.`)
    return true
  } catch (error) {
    signal.throwIfAborted()
    tellFailure(print, error, processes)
    return false
  }
}

function describe({ DATABASE_URL, KAFKA_BROKERS }: NodeJS.ProcessEnv): string {
  const database = DATABASE_URL ? 'the PostgreSQL of DATABASE_URL' : 'the embedded database'
  const events = KAFKA_BROKERS ? `events over Kafka (${KAFKA_BROKERS})` : 'events over WatchEvents'
  return `ImmersiVerse Authentication Service, with ${database} and ${events}`
}

function readKafka({ KAFKA_BROKERS, AUTH_TOPIC_PREFIX }: NodeJS.ProcessEnv): { kafka?: KafkaOptions } {
  if (!KAFKA_BROKERS) return {}
  const brokers = KAFKA_BROKERS.split(',').map((broker) => broker.trim())
  return { kafka: { brokers, ...(AUTH_TOPIC_PREFIX ? { topicPrefix: AUTH_TOPIC_PREFIX } : {}) } }
}

function tellFailure(
  print: (line: string) => void,
  error: unknown,
  processes: readonly ServiceProcess[],
): void {
  print(error instanceof StepError ? `\nThis step did not hold: ${error.message}` : '\nThe demo failed')
  const cause = error instanceof StepError ? error.cause : error
  print(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause))
  for (const { name, ended, lastLines } of processes) {
    print(`\nThe last lines of the ${name}${ended.aborted ? ', which has ended' : ''}:`)
    for (const line of lastLines(10)) print(`  ${line}`)
  }
}

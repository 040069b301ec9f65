import { randomBytes } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findJava } from './find-java.ts'
import { freePort } from './free-port.ts'
import { kafkaProperties } from './kafka-properties.ts'
import type { Part } from './part.ts'
import { PartProcess } from './part-process.ts'
import { provideKafka } from './provide-kafka.ts'
import { runWatched } from './run-watched.ts'
import { toPart } from './to-part.ts'
import { watchOver } from './watch-over.ts'

/** An Apache Kafka of the test's own, one node. */
export interface KafkaPart extends Part {
  /** What clients connect to: `127.0.0.1:port`. */
  readonly brokers: string
  readonly port: number
}

/** How to run Kafka; all have defaults. */
export interface KafkaOptions {
  /** Listening port for clients; a free one by default. */
  readonly port?: number
  /** Lines of `server.properties` beside ours, such as `{ 'auto.create.topics.enable': 'true' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** How clients speak with it, and the broker with itself; plaintext by default. */
  readonly protocol?: 'PLAINTEXT' | 'SASL_SSL'
  /** SCRAM credentials that are there from the start, such as `SCRAM-SHA-512=[name=auth,password=secret]`. */
  readonly scram?: readonly string[]
}

const javaOptions = Object.freeze([
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
])

/**
 * Starts Apache Kafka (KRaft, one node) in a temporary folder, fetching it first when needed, and resolves when it
 * serves. When this process ends without `close`, the broker and its folder go too. Throws when it cannot be had.
 */
export async function openKafka(options: KafkaOptions = {}): Promise<KafkaPart> {
  const [java, home] = await Promise.all([findJava(), provideKafka()])
  const [port, controllerPort] = await Promise.all([options.port ?? freePort(), freePort()])
  const { protocol = 'PLAINTEXT' } = options
  const folder = await mkdtemp(join(tmpdir(), 'kafka-part-'))
  const watch = watchOver(folder)
  try {
    const properties = join(folder, 'server.properties')
    await writeFile(
      properties,
      kafkaProperties({ port, protocol, controllerPort }, join(folder, 'data'), options.settings),
    )
    const classPath = ['-cp', join(home, '*')]
    const clusterId = randomBytes(16).toString('base64url')
    const format = [
      ...classPath,
      'kafka.tools.StorageTool',
      'format',
      `--cluster-id=${clusterId}`,
      '--config',
      properties,
      ...(options.scram ?? []).flatMap((credential) => ['--add-scram', credential]),
    ]
    await runWatched(watch, java, [...javaOptions, '-XX:TieredStopAtLevel=1', ...format], { cwd: folder })
    const server = new PartProcess(
      {
        name: 'Apache Kafka',
        command: java,
        args: [...javaOptions, ...classPath, 'kafka.Kafka', properties],
        folder,
        logFile: join(folder, 'kafka.log'),
        readyLine: /Kafka Server started/,
        stopSignal: 'SIGTERM',
        startTimeoutMs: 60_000,
      },
      watch,
    )
    await server.start()
    return { ...toPart(server, watch), brokers: `127.0.0.1:${port}`, port }
  } catch (error) {
    await watch.close()
    throw error
  }
}

import { type Config, ConfigError } from '../config.ts'
import type { Log } from '../deps.ts'
import type { Clock } from '../domain/clock.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'
import { type HeldFiles, holdFiles, renewFiles } from './held-files.ts'
import { openFileWatch } from './open-file-watch.ts'
import { type KafkaFiles, listKafkaFiles, readKafkaFiles, toKafkaFiles } from './read-kafka-files.ts'
import { toKafkaConnection } from './to-kafka-connection.ts'

/** The way to the brokers, with files that are followed. */
export interface OpenKafkaConnection {
  /** Undefined where no brokers are configured. */
  readonly connection: KafkaConnection | undefined
  /** Files have changed and do not hold: those before them are in force. */
  isFailing(): boolean
  close(): Promise<void>
}

const noFiles: KafkaFiles = Object.freeze({})

/**
 * Reads the files of `KAFKA_*`, and looks every `AUTH_RELOAD_INTERVAL` whether they have changed: connections that begin later show and
 * ask for what holds then, those that are open go on. Throws ConfigError with all faults of the first files.
 */
export async function openKafkaConnection(
  config: Config,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenKafkaConnection> {
  const held = await holdFirst(config)
  const connection = toKafkaConnection(config, () => held?.value ?? noFiles)
  if (connection === undefined || held === undefined) {
    return { connection, isFailing: () => false, close: async () => undefined }
  }
  const names = listKafkaFiles(config)
  const look = async () => {
    const files = await readKafkaFiles(config)
    if (renewFiles(held, files, (found) => toKafkaFiles(found, names), 'Kafka', log)) {
      log.info({ variables: names }, 'files of Kafka taken over')
    }
  }
  const everyMs = config.AUTH_RELOAD_INTERVAL
  const watch = openFileWatch({ clock, log, everyMs, whose: 'Kafka' }, look)
  return { connection, isFailing: () => held.isFailing, close: () => watch.close() }
}

/** The way to the brokers as the files are now, for work that ends soon. Throws as `openKafkaConnection`. */
export async function readKafkaConnection(config: Config): Promise<KafkaConnection | undefined> {
  const held = await holdFirst(config)
  return toKafkaConnection(config, () => held?.value ?? noFiles)
}

async function holdFirst(config: Config): Promise<HeldFiles<KafkaFiles> | undefined> {
  const files = await readKafkaFiles(config)
  if (files === undefined) return undefined
  const { value, faults } = toKafkaFiles(files, listKafkaFiles(config))
  if (faults !== undefined) throw new ConfigError(faults)
  return holdFiles(value, files)
}

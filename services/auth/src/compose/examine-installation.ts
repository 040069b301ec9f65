import { type Config, ConfigError } from '../config.ts'
import type { Log } from '../deps.ts'
import { checkAudit } from '../doctor/check-audit.ts'
import { checkCertificate } from '../doctor/check-certificate.ts'
import { checkDatabase } from '../doctor/check-database.ts'
import { checkEdge } from '../doctor/check-edge.ts'
import { checkKafka } from '../doctor/check-kafka.ts'
import { checkKeys } from '../doctor/check-keys.ts'
import { checkLeaders } from '../doctor/check-leaders.ts'
import { checkListener } from '../doctor/check-listener.ts'
import { checkOutbox } from '../doctor/check-outbox.ts'
import { checkParked } from '../doctor/check-parked.ts'
import { checkUsernames } from '../doctor/check-usernames.ts'
import type { Finding } from '../doctor/finding.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'
import type { Database } from '../store/database.ts'
import { examineCallers } from './examine-callers.ts'
import { openDatabase } from './open-database.ts'
import { readKafkaConnection } from './open-kafka-connection.ts'
import { systemClock } from './system-clock.ts'
import { toErrorLine } from './to-error-line.ts'
import { toRevocationRetentionMs } from './to-revocation-retention-ms.ts'
import { toSettings } from './to-settings.ts'

/** What is looked at beside what the configuration names. */
export interface Examination {
  /** Origins of edges, such as `https://auth.example.org`. */
  readonly edges: readonly string[]
  /** `host:port` of gRPC listeners. */
  readonly listeners: readonly string[]
  /** `host:port` of whatever shows a certificate. */
  readonly certificates: readonly string[]
  /** Records a consumer group may be behind. */
  readonly lagMax: number
}

const silent: Log = Object.freeze({ info: () => undefined, warn: () => undefined, error: () => undefined })

/** Looks at the database, at Kafka, and at what an operator names, and changes nothing. What cannot be reached is a finding, too. */
export async function examineInstallation(config: Config, asked: Examination): Promise<Finding[]> {
  const { edges, listeners, certificates } = asked
  const now = systemClock.now()
  const { findings, shown } = await examineCallers(config, now)
  const parts = await Promise.all([
    findings,
    examineDatabase(config, edges),
    examineKafka(config, asked.lagMax),
    ...listeners.map((address) => checkListener(address, now.getTime(), shown)),
    ...certificates.map((address) => checkCertificate(address, now)),
  ])
  return parts.flat()
}

async function examineDatabase(config: Config, edges: readonly string[]): Promise<Finding[]> {
  const check = 'database'
  let database: Database
  try {
    database = await openDatabase(config, silent)
  } catch (error) {
    const remedy = 'stop the service that holds the embedded database, or set DATABASE_URL'
    return [{ check, severity: 'error', what: toErrorLine(error), remedy }]
  }
  try {
    const { findings, isUsable } = await checkDatabase(database, systemClock)
    return isUsable ? [...findings, ...(await examineContents(database, config, edges))] : [...findings]
  } finally {
    await database.close()
  }
}

async function examineContents(
  database: Database,
  config: Config,
  edges: readonly string[],
): Promise<Finding[]> {
  const { keyTimes: times, issuer } = toSettings(config)
  const looks = {
    leaders: config.DATABASE_URL === undefined ? async () => [] : () => checkLeaders(database, systemClock),
    'audit trail': config.DATABASE_URL === undefined ? async () => [] : () => checkAudit(database),
    outbox: () => checkOutbox(database),
    'parked keys': () => checkParked(database),
    usernames: () => checkUsernames(database),
    'signing key': () => checkKeys(database, times),
    edge: async () =>
      (await Promise.all(edges.map((edge) => checkEdge(edge, database, { issuer, times, fetch })))).flat(),
  }
  const findings: Finding[] = []
  for (const [check, look] of Object.entries(looks)) {
    const toUnfinished = (error: unknown): Finding[] => {
      const remedy = 'see the finding on the database'
      return [{ check, severity: 'warning', what: `cannot be read: ${toErrorLine(error)}`, remedy }]
    }
    findings.push(...(await look().catch(toUnfinished)))
  }
  return findings
}

async function examineKafka(config: Config, lagMax: number): Promise<Finding[]> {
  const { AUTH_TOPIC_PREFIX: topicPrefix } = config
  let connection: KafkaConnection | undefined
  try {
    connection = await readKafkaConnection(config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const remedy = 'correct it: the running service keeps what it has, and would not start again'
    return error.faults.map((what) => ({ check: 'kafka', severity: 'error', what, remedy }))
  }
  if (connection === undefined) {
    const what = 'KAFKA_BROKERS is not set: events stay in the database, WatchEvents reads them'
    return [{ check: 'kafka', severity: 'note', what }]
  }
  const retentionMs = { events: config.AUTH_EVENT_RETENTION, revocations: toRevocationRetentionMs(config) }
  return await checkKafka(connection, { clock: systemClock, topicPrefix, retentionMs, lagMax })
}

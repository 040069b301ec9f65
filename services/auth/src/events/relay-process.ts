// A relay as a process of its own, for relay-processes.test.ts to kill and to freeze:
// node relay-process.ts <database url> <brokers> <topic prefix>
import process from 'node:process'
import { testInstallation } from '../store/outbox-testing.ts'
import { openPostgres } from '../store/postgres.ts'
import { openKafkaSink } from './kafka-sink.ts'
import { openRelay } from './relay.ts'
import { silentLog, wallClock } from './testing.ts'

const [url = '', brokers = '', topicPrefix = ''] = process.argv.slice(2)
const log = { ...silentLog, info: (facts: object) => process.stdout.write(`${JSON.stringify(facts)}\n`) }
const database = openPostgres({ url, onError: () => undefined })
const connection = { brokers: [brokers] }
const sink = openKafkaSink({
  connection,
  topicPrefix,
  retentionMs: 86_400_000,
  source: 'test',
  log: silentLog,
})
openRelay({
  database,
  installation: testInstallation,
  sink,
  clock: wallClock,
  log,
  random: Math.random,
  batchSize: 50,
})

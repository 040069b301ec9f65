import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { TopicRecord } from './topic-record.ts'

/** What kcat prints with `-J`. */
interface Printed {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  /** Names and values in turn. */
  readonly headers?: readonly string[]
}

/**
 * Everything that stands on the topics whose names begin with `prefix`, as kcat reads it, which shares no code with the service: topic by topic,
 * partition by partition, by offset. Throws where kcat cannot read all of it.
 */
export async function readTopics(brokers: string, prefix: string): Promise<Map<string, TopicRecord[]>> {
  const { stdout } = await promisify(execFile)('kcat', ['-L', '-J', '-b', brokers])
  const { topics } = JSON.parse(stdout) as { readonly topics: readonly { readonly topic: string }[] }
  const names = topics.map(({ topic }) => topic).filter((topic) => topic.startsWith(prefix))
  const found = new Map<string, TopicRecord[]>()
  for (const name of names) found.set(name, await readTopic(brokers, name))
  return found
}

async function readTopic(brokers: string, topic: string): Promise<TopicRecord[]> {
  const child = spawn('kcat', ['-C', '-e', '-q', '-J', '-o', 'beginning', '-b', brokers, '-t', topic], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk
  })
  const ended = once(child, 'close')
  const records: TopicRecord[] = []
  for await (const line of createInterface({ input: child.stdout })) records.push(toRecord(JSON.parse(line)))
  const [code] = await ended
  if (code !== 0) throw new Error(`kcat could not read ${topic}: ${complaints}`)
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function toRecord({ topic, partition, offset, ts, key, payload, headers = [] }: Printed): TopicRecord {
  const names = headers.filter((_, at) => at % 2 === 0)
  return {
    topic,
    partition,
    offset,
    key: key ?? '',
    value: payload ?? '',
    headers: Object.fromEntries(names.map((name, n) => [name, headers[2 * n + 1] ?? ''])),
    appendedAtMs: ts,
  }
}

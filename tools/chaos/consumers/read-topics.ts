import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { toDeadLetterTopic, toTopic } from '@immersiverse/auth-contract'
import { consumedNames, poisons } from './consumer-messages.ts'
import type { Letter, TopicRecord } from './judge-consumer.ts'

/** A record as kcat shows it. */
interface Shown {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly string[]
}

/** Everything on the topics that were consumed, as kcat reads it. Throws where there is no kcat. */
export async function readTopics(brokers: string): Promise<TopicRecord[]> {
  const records: TopicRecord[] = []
  for (const name of consumedNames) {
    for await (const shown of readWithKcat(brokers, toTopic(name))) {
      const { topic, partition, offset, key } = shown
      const eventId = toHeaders(shown).get('ce_id')
      records.push({ topic, partition, offset, key: key ?? '', eventId, isPoison: isPoison(shown, eventId) })
    }
  }
  return records
}

/** The dead letters of a group. */
export async function readLetters(brokers: string, group: string): Promise<Letter[]> {
  const letters: Letter[] = []
  for await (const shown of readWithKcat(brokers, toDeadLetterTopic())) {
    const headers = toHeaders(shown)
    if (headers.get('dlq_group') !== group) continue
    const [partition, offset] = [headers.get('dlq_partition'), headers.get('dlq_offset')]
    letters.push({
      topic: headers.get('dlq_topic') ?? '',
      partition: Number(partition),
      offset: Number(offset),
    })
  }
  return letters
}

function isPoison({ payload }: Shown, eventId: string | undefined): boolean {
  if (eventId === undefined) return true
  const { displayName } = JSON.parse(payload ?? '{}')
  return poisons.some((name) => name === displayName)
}

/** kcat lists names and values in turn. */
function toHeaders({ headers = [] }: Shown): Map<string, string> {
  const pairs = headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? ''] as const] : []))
  return new Map(pairs)
}

async function* readWithKcat(brokers: string, topic: string): AsyncGenerator<Shown> {
  const child = spawn('kcat', ['-C', '-e', '-q', '-J', '-b', brokers, '-t', topic], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) if (line !== '') yield JSON.parse(line)
  const [code] = await ended
  if (code !== 0) throw new Error(`kcat ended with code ${code} on ${topic}`)
}

import { toTopic } from '@immersiverse/auth-contract'
import { Producer } from '@platformatic/kafka'
import type { Random } from '../make-random.ts'
import { consumedNames } from './consumer-messages.ts'

/** Writes records that are no events onto the topics, as a stranger with too many rights would. */
export async function writeJunk(brokers: string, random: Random, count: number): Promise<void> {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'chaos',
    bootstrapBrokers: [brokers],
    autocreateTopics: false,
  })
  try {
    const messages = Array.from({ length: count }, (_, n) => ({
      topic: toTopic(random.pick(consumedNames)),
      key: Buffer.from(`junk${random.whole(1, 20)}`),
      value: Buffer.from(`junk ${n}`),
    }))
    await producer.send({ messages, acks: -1 })
  } finally {
    await producer.close()
  }
}

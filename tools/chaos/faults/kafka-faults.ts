import type { KafkaPart } from '../../parts/open-kafka.ts'
import type { World } from '../world/world.ts'
import type { FaultKind } from './fault.ts'

const targets = ({ kafka }: World) => (kafka === undefined ? [] : ['kafka'])

const startTries = 3

const restart: FaultKind = {
  name: 'restart Kafka',
  targets,
  lastsMs: [500, 3_000],
  async begin(_target, { world: { kafka }, random }) {
    await kafka?.kill(random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM')
    return () => kafka && startAgain(kafka)
  },
}

const pause: FaultKind = {
  name: 'pause Kafka',
  targets,
  async begin(_target, { world: { kafka } }) {
    await kafka?.pause()
    return () => kafka?.resume()
  },
}

/** After a SIGKILL, on a machine that is busy, it may take longer than a start is given. */
async function startAgain(kafka: KafkaPart): Promise<void> {
  for (let triesLeft = startTries; ; triesLeft -= 1) {
    try {
      return await kafka.start()
    } catch (error) {
      if (triesLeft <= 1) throw error
    }
  }
}

/** Faults of the broker. */
export const kafkaFaults: readonly FaultKind[] = Object.freeze([restart, pause])

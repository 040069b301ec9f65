import type { World } from '../world/world.ts'
import type { FaultKind } from './fault.ts'

const targets = ({ kafka }: World) => (kafka === undefined ? [] : ['kafka'])

const restart: FaultKind = {
  name: 'restart Kafka',
  targets,
  lastsMs: [500, 3_000],
  async begin(_target, { world: { kafka }, random }) {
    await kafka?.kill(random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM')
    return () => kafka?.start()
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

/** Faults of the broker. */
export const kafkaFaults: readonly FaultKind[] = Object.freeze([restart, pause])

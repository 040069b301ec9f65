import pg from 'pg'
import { databaseFaults } from '../faults/database-faults.ts'
import type { FaultKind } from '../faults/fault.ts'
import { kafkaFaults } from '../faults/kafka-faults.ts'
import { linkFaults } from '../faults/link-faults.ts'
import { processFaults } from '../faults/process-faults.ts'
import { findLeader } from '../world/find-leader.ts'
import type { World } from '../world/world.ts'
import { openForeignTransaction } from './open-foreign-transaction.ts'

/** The relay's leader, longer than its lock lives: another takes over, and this one wakes in the belief that it leads. */
const pauseRelay: FaultKind = {
  name: 'pause the relay past its lock',
  weight: 5,
  lastsMs: [2_500, 6_000],
  targets: ({ replicas }) => replicas.map(({ name }) => name),
  async begin(target, { world }) {
    const process = await getLeader(world, target)
    process.pause()
    return () => process.resume()
  },
}

const killRelay: FaultKind = {
  name: 'kill -9 the relay',
  weight: 4,
  targets: ({ replicas }) => replicas.map(({ name }) => name),
  async begin(target, { world }) {
    const process = await getLeader(world, target)
    await process.down()
    return () => process.up()
  },
}

/** The process that publishes; where none says so, the one that was picked. */
async function getLeader(world: World, target: string) {
  const name = (await findLeader(world, 'auth_relay_leader')) ?? target
  const found = world.replicas.find((replica) => replica.name === name)
  if (found === undefined) throw new RangeError(`there is no replica ${name}`)
  return found.process
}

/** All ways to one part, at once. */
function makeCut(part: 'kafka' | 'db', kind: 'reset' | 'silent'): FaultKind {
  return {
    name: kind === 'reset' ? 'cut off' : 'black hole around',
    weight: 2,
    targets: () => [part],
    async begin(_target, { world: { links } }) {
      const ways = [...links].filter(([name]) => name.endsWith(`-${part}`)).map(([, way]) => way)
      for (const way of ways) way.cut(kind)
      return () => {
        for (const way of ways) way.heal()
      }
    },
  }
}

/** A write transaction of somebody else that goes on and on: rows behind it stay visible as they were, and nothing is cleaned up. */
const foreignTransaction: FaultKind = {
  name: 'foreign write transaction',
  weight: 3,
  targets: () => ['postgres beside'],
  lastsMs: [3_000, 12_000],
  async begin(_target, { world: { postgres } }) {
    const transaction = await openForeignTransaction(new pg.Client({ connectionString: postgres.url }))
    return () => transaction.close()
  },
}

const withoutPromotion = databaseFaults.filter(({ name }) => name !== 'promotion')

/** Faults that leave PostgreSQL's own transactions alone: those of somebody else go on through them. */
export const faultsBesideDatabase: readonly FaultKind[] = Object.freeze([
  ...processFaults,
  pauseRelay,
  killRelay,
  ...linkFaults,
  ...kafkaFaults.map((kind) => ({ ...kind, weight: 4 })),
  makeCut('kafka', 'reset'),
  makeCut('kafka', 'silent'),
  makeCut('db', 'reset'),
])

/** What may go wrong while events are on their way. */
export const eventFaults: readonly FaultKind[] = Object.freeze([
  ...faultsBesideDatabase,
  ...withoutPromotion,
  foreignTransaction,
])

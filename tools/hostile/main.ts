import { parseArgs } from 'node:util'
import { startAuthProcess } from '../../services/auth/test/start-auth-process.ts'
import { openPostgres } from '../parts/open-postgres.ts'
import { attacks } from './attacks/attacks.ts'
import { findHarm, findSlowness, limits, toFigures } from './judge-attack.ts'
import { openGoodClient } from './open-good-client.ts'
import { collecting } from './read-service.ts'
import { type AttackResult, runAttack } from './run-attack.ts'

const usage = `usage: npm run hostile -- [--only TEXT] [--rounds N] [--seconds N]
  --only TEXT   attacks whose name holds it
  --rounds N    how often calm and attack take turns; 4
  --seconds N   how long each lasts; 3`

const toLine = (cells: readonly string[]) =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(20) : cell.padStart(10))).join(' ')

function toRow(result: AttackResult): string {
  const ms = (value: number) => value.toFixed(1)
  const [grpc, edge] = [toFigures(result, 'grpc'), toFigures(result, 'edge')]
  const { tally, refusals, memoryGrowthBytes } = result
  return toLine([
    result.attack.name,
    ...[grpc.calmMs, grpc.duringMs, edge.calmMs, edge.duringMs].map(ms),
    String(tally.opened),
    String(tally.closed),
    String(refusals),
    (memoryGrowthBytes / 2 ** 20).toFixed(0),
  ])
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '3' },
    },
  })
  const [rounds, phaseMs] = [Number(values.rounds), Number(values.seconds) * 1_000]
  const chosen = attacks.filter(({ name }) => name.includes(values.only))
  if (!(rounds > 0) || !(phaseMs > 0) || chosen.length === 0) throw new RangeError('nothing to do')
  await using postgres = await openPostgres()
  await using service = await startAuthProcess({ DATABASE_URL: postgres.url, ...collecting })
  await using client = await openGoodClient(service)
  await runWarmUp()
  console.log(
    `p99 of a good client in ms, calm | attacked; limit ${limits.ratio}x or +${limits.addedMs} ms\n`,
  )
  console.log(
    toLine(['', 'grpc calm', 'attacked', 'edge calm', 'attacked', 'opened', 'closed', 'refused', 'MiB left']),
  )
  let wrong = 0
  for (const attack of chosen) {
    const result = await runAttack(attack, { target: service, client, rounds, phaseMs })
    console.log(toRow(result))
    const found = [...findHarm(result, false), ...findSlowness(result)]
    for (const told of found) console.log(`  DOES NOT HOLD: ${told}`)
    wrong += found.length
  }
  return wrong === 0 ? 0 : 1

  async function runWarmUp(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    client.take()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage = error instanceof TypeError || error instanceof RangeError
  console.error(`hostile: ${error instanceof Error ? error.message : error}${isUsage ? `\n${usage}` : ''}`)
  process.exitCode = 1
}

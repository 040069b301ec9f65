import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { makeRandom } from '../../../../packages/client/src/verifier/test/virtual-time.ts'
import { openTestModel, openTestPostgres } from '../../../../services/auth/src/store/outbox-testing.ts'
import { type OperationName, operations, type Step } from './operations.ts'
import { type Compared, fill, runSchedule, type Shown } from './run-schedule.ts'

const schedules = 60
const names = Object.keys(operations) as OperationName[]

/** Two or three sessions, each some transactions long; every second operation is about the same user. */
function makeSchedule(seed: number): Step[] {
  const random = makeRandom(seed)
  const pick = (count: number) => Math.floor(random() * count)
  const sessionCount = 2 + pick(2)
  return Array.from({ length: 14 + pick(10) }, (_, serial) => {
    const ends = random() < 0.22
    const operation = ends
      ? random() < 0.8
        ? 'commit'
        : 'rollback'
      : (names[pick(names.length)] ?? 'commit')
    return {
      session: pick(sessionCount),
      operation,
      choice: random() < 0.5 ? 0 : pick(6),
      serial: seed * 100 + serial,
    }
  })
}

async function openPostgres(t: TestContext): Promise<Compared | undefined> {
  const opened = await openTestPostgres(t)
  if (opened === undefined) return undefined
  const { database } = opened
  return {
    database,
    hasRaced: () => false,
    async listWaits(connections) {
      const { rows } = await sql<{ pid: number; blockers: number[] }>`
        select pid, pg_blocking_pids(pid) as blockers from unnest(${connections}::int[]) as pid
        where cardinality(pg_blocking_pids(pid)) > 0`.execute(database.kysely)
      return new Map(rows.map(({ blockers, pid }) => [pid, blockers]))
    },
  }
}

function openModel(t: TestContext): Compared {
  const { database, model } = openTestModel(t)
  t.after(() => assert.deepEqual(model.truth.unknownStatements, []))
  return {
    database,
    hasRaced: () => model.truth.raceCount > 0,
    listWaits: async () =>
      new Map(model.truth.listWaits().map(({ blockers, connection }) => [connection, blockers])),
  }
}

test(`${schedules} schedules give on the model what they give on PostgreSQL: answers, waits and rows`, async (t) => {
  const postgres = await openPostgres(t)
  if (postgres === undefined) return
  for (let seed = 1; seed <= schedules; seed += 1) {
    const planned = makeSchedule(seed)
    const { decided } = await runOnModel(t, planned)
    const steps = planned.slice(0, decided)
    await empty(postgres)
    await fill(postgres)
    const [real, modelled]: readonly [Shown, Shown] = await Promise.all([
      runSchedule(postgres, steps),
      runOnModel(t, steps),
    ])
    assert.deepEqual(modelled.outcomes, real.outcomes, `schedule ${seed}`)
    assert.deepEqual(modelled.waits, real.waits, `schedule ${seed}`)
    if (!modelled.isOpen) assert.deepEqual(modelled.tables, real.tables, `schedule ${seed}`)
  }
})

/** The tables as migrations leave them. */
async function empty({ database: { kysely } }: Compared): Promise<void> {
  await sql`truncate users, user_logins, sessions, request_ids, user_sequences, outbox, revocations, parked_keys, epoch,
    platform_accounts, platform_connections, platform_revocations restart identity`.execute(kysely)
  await sql`update lanes set term = 0, last_pub_seq = 0, published_up_to = 0`.execute(kysely)
  await sql`update outbox_deletions set deleted_up_to = 0`.execute(kysely)
}

async function runOnModel(t: TestContext, steps: readonly Step[]): Promise<Shown> {
  const model = openModel(t)
  await fill(model)
  return await runSchedule(model, steps)
}

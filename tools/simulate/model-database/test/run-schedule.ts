import { setTimeout as sleep } from 'node:timers/promises'
import { type ControlledTransaction, sql } from 'kysely'
import { insertUserSequence } from '../../../../services/auth/src/store/append-event.ts'
import type { Database } from '../../../../services/auth/src/store/database.ts'
import { settleEpoch } from '../../../../services/auth/src/store/epoch.ts'
import { origin, testInstallation } from '../../../../services/auth/src/store/outbox-testing.ts'
import type { Schema } from '../../../../services/auth/src/store/schema.ts'
import { insertSession } from '../../../../services/auth/src/store/sessions.ts'
import { insertUser } from '../../../../services/auth/src/store/users.ts'
import { dumpTables, operations, type Step, sessions, toSecret, toUser, users } from './operations.ts'

/** A database under comparison, and its word on who waits for whom. */
export interface Compared {
  readonly database: Database
  /** Whether chance decided who of several went on; PostgreSQL does not tell. */
  hasRaced(): boolean
  /** For connections that wait: those that they wait for. */
  listWaits(connections: readonly number[]): Promise<ReadonlyMap<number, readonly number[]>>
}

/** What a schedule has shown: the outcome of every step, who waited for whom after it, and the tables in the end. */
export interface Shown {
  readonly outcomes: readonly string[]
  readonly waits: readonly string[]
  readonly tables: Record<string, unknown[]>
  /** The step that came before chance had its say, or all. */
  readonly decided: number
  /** Whether chance had its say in how the tables have become. */
  readonly isOpen: boolean
}

const deadlock = 'waits for itself'

interface Session {
  trx: ControlledTransaction<Schema> | undefined
  connection: number
  running: Promise<void> | undefined
}

/** Two users and three sessions, whose owners take turns. */
export async function fill({ database }: Compared): Promise<void> {
  await database.transaction(async (trx) => {
    await settleEpoch(trx, testInstallation)
    for (const [n, id] of users.entries()) {
      await insertUser(trx, {
        id,
        username: `u${n}`,
        email: `u${n}@example.org`,
        displayName: '',
        passwordHash: 'x',
      })
      await insertUserSequence(trx, id)
    }
    for (const [n, id] of sessions.entries()) {
      const facts = { id, userId: toUser(n), client: { clientId: 'web', deviceName: '' }, origin }
      await insertSession(trx, facts, toSecret(n), { idleMs: 3_600_000, maxMs: 7_200_000 })
    }
  })
}

/** Carries out the steps one after the other; a session that waits leaves its steps out until it goes on. */
export async function runSchedule(compared: Compared, steps: readonly Step[]): Promise<Shown> {
  const open = new Map<number, Session>()
  const [outcomes, waits] = [[] as string[], [] as string[]]
  let isDeadlocked = false
  let decided = steps.length
  for (const [at, step] of steps.entries()) {
    const session = open.get(step.session) ?? { trx: undefined, connection: 0, running: undefined }
    open.set(step.session, session)
    if (session.running !== undefined) continue
    session.trx ??= await begin(compared, session)
    session.running = carryOut(session, step).then((outcome) => {
      outcomes[at] = outcome
      session.running = undefined
    })
    const waiting = await settle(compared, open)
    waits.push(`${at}: ${waiting}`)
    if (compared.hasRaced()) decided = Math.min(decided, at)
    isDeadlocked = waiting.includes(deadlock)
    if (isDeadlocked) break
  }
  const all = steps.map((step, at) => `${at}: ${step.session} ${step.operation} ${outcomes[at]}`)
  await endAll(open)
  // Who falls victim, and who is first of several that wait for the last ends, is a matter of time.
  if (isDeadlocked) return { outcomes: all, waits, tables: {}, decided, isOpen: true }
  return {
    outcomes: all,
    waits,
    tables: await dumpTables(compared.database.kysely),
    decided,
    isOpen: compared.hasRaced(),
  }
}

async function begin({ database }: Compared, session: Session): Promise<ControlledTransaction<Schema>> {
  const trx = await database.kysely.startTransaction().execute()
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
  session.connection = rows[0]?.pid ?? 0
  return trx
}

async function carryOut(session: Session, step: Step): Promise<string> {
  const { trx } = session
  if (trx === undefined) return 'none'
  if (step.operation === 'commit' || step.operation === 'rollback') {
    session.trx = undefined
    await (step.operation === 'commit' ? trx.commit() : trx.rollback()).execute().catch(() => undefined)
    return step.operation
  }
  try {
    return JSON.stringify(await operations[step.operation](trx as never, step)) ?? 'nothing'
  } catch (error) {
    return toFault(error)
  }
}

function toFault(error: unknown): string {
  const { cause, code, constraint, message } = error as {
    cause?: unknown
    code?: string
    constraint?: string
    message: string
  }
  if (constraint !== undefined) return `constraint ${constraint}`
  return code ?? (cause ? toFault(cause) : message)
}

/** Waits until every statement has its answer or waits for a lock; says who waits for whom, over how many others it may be. */
async function settle(compared: Compared, open: ReadonlyMap<number, Session>): Promise<string> {
  let before = ''
  for (;;) {
    await sleep(3)
    const running = [...open].filter(([, session]) => session.running !== undefined)
    if (running.length === 0) return ''
    const all = [...open].map(([, { connection }]) => connection)
    const waits = await compared.listWaits(all)
    const isSettled = running.every(
      ([, { connection, running: still }]) => still === undefined || waits.has(connection),
    )
    const now = isSettled ? describe(open, waits) : ''
    if (isSettled && now === before) return now
    before = now
  }
}

function describe(open: ReadonlyMap<number, Session>, waits: ReadonlyMap<number, readonly number[]>): string {
  // The pool may have given the connection of a session whose transaction has ended to another one.
  const inUse = [...open].filter(([, { running, trx }]) => trx !== undefined || running !== undefined)
  const names = new Map(inUse.map(([name, { connection }]) => [connection, name]))
  return [...open]
    .filter(([, { running }]) => running !== undefined)
    .map(([name, { connection }]) => {
      const all = listAll(connection, waits)
      return all.includes(connection)
        ? `${name} ${deadlock}`
        : `${name} waits for ${all.map((one) => names.get(one)).sort()}`
    })
    .sort()
    .join(', ')
}

/** Everyone before whose end a connection cannot go on. */
function listAll(connection: number, waits: ReadonlyMap<number, readonly number[]>): number[] {
  const all = new Set<number>()
  const look = [...(waits.get(connection) ?? [])]
  for (let one = look.pop(); one !== undefined; one = look.pop()) {
    if (all.has(one)) continue
    all.add(one)
    look.push(...(waits.get(one) ?? []))
  }
  return [...all]
}

/** Ends the transactions, those first that wait for nobody. */
async function endAll(open: ReadonlyMap<number, Session>): Promise<void> {
  for (let left = [...open.values()]; left.some(({ trx }) => trx); left = [...open.values()]) {
    const free = left.find(({ running, trx }) => trx !== undefined && running === undefined)
    const trx = free?.trx
    if (free) free.trx = undefined
    await trx
      ?.commit()
      .execute()
      .catch(() => undefined)
    await sleep(5)
  }
}

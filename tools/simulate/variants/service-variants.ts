import {
  type KyselyPlugin,
  type OperationNode,
  type RootOperationNode,
  UpdateQueryNode,
  ValueNode,
} from 'kysely'
import { AuthError } from '../../../services/auth/src/domain/errors.ts'
import type { WatchRevocations } from '../../../services/auth/src/events/watch-revocations.ts'
import type { SessionLookup } from '../../../services/auth/src/store/session-lookup.ts'
import { refreshToken } from '../../../services/auth/src/use-cases/refresh-token.ts'
import type { SimulatedProcess } from '../world/simulated-process.ts'
import { badStatements, badTexts } from './bad-statements.ts'
import type { KnownBad } from './known-bad.ts'
import { rewriteDatabase } from './rewrite-database.ts'

const isLook = (sql: string) => sql.trimStart().startsWith('with state as materialized')
const isClock = (sql: string) => sql === 'select clock_timestamp() as now'

/** Services that are known to be wrong. */
export const serviceVariants: readonly KnownBad[] = [
  {
    name: 'heartbeat without a database read',
    breaks: 'says that all is known while nobody has looked',
    properties: ['R1', 'R6'],
    variant: { service: { watch: beatAlways } },
  },
  {
    name: 'as_of read after the rows',
    breaks: 'what was revoked between the two is said to be known',
    properties: ['R1', 'R6'],
    variant: { service: { database: (database) => rewriteDatabase(database, { execute: makeLateClock() }) } },
  },
  {
    name: 'look-up shared with requests that came later',
    breaks: 'a request is answered by a look-up that began before it',
    properties: ['R2'],
    variant: {
      service: { deps: (deps) => ({ ...deps, sessionLookup: shareRunning(deps.sessionLookup) }) },
    },
  },
  {
    name: 'positive answers kept for a second',
    breaks: 'a token that was revoked since is still called valid',
    properties: ['R2'],
    variant: {
      service: {
        deps: (deps, { process }) => ({ ...deps, sessionLookup: keepAnswers(deps.sessionLookup, process) }),
      },
    },
  },
  {
    name: 'iat from the clock of the process',
    breaks: 'tokens from the future survive a new epoch, others are refused',
    properties: ['R1', 'R2', 'R7'],
    variant: {
      service: {
        deps: (deps, { process }) => ({
          ...deps,
          accessTokens: {
            sign: (key, facts) => deps.accessTokens.sign(key, { ...facts, issuedAt: process.clock.now() }),
          },
        }),
      },
    },
  },
  {
    name: "a login that does not lock its user's row",
    breaks: 'a session that is committed after the user was suspended stays',
    properties: ['R9', 'T12', 'R1', 'R2'],
    variant: {
      service: { database: (database) => rewriteDatabase(database, { text: withoutShareLock }) },
    },
  },
  {
    name: 'revocations numbered by a cursor',
    breaks: 'one that commits after a later one is skipped',
    properties: ['R1', 'R6'],
    variant: {
      statements: badStatements,
      service: {
        database: (database) =>
          rewriteDatabase(database, {
            text: (sql) =>
              sql.includes('row_number()') && sql.includes('"revocations"') ? badTexts.numberByCursor : sql,
          }),
      },
    },
  },
  {
    name: 'entries kept too short',
    breaks: 'an entry goes while a token it covers lives',
    properties: ['R1', 'R6'],
    variant: {
      settings: (settings) => ({
        ...settings,
        service: { ...settings.service, accessTtlMs: 4000 },
        viewSkewSeconds: 1,
        deleteEveryMs: 300,
      }),
      service: { coverMs: () => 0 },
    },
  },
  {
    name: 'a rotation that ignores ended sessions',
    breaks: 'a refresh after the logout gives tokens',
    properties: ['T10', 'R9', 'T12'],
    variant: {
      statements: badStatements,
      service: {
        database: (database) =>
          rewriteDatabase(database, {
            text: (sql) => (sql.startsWith('with account as materialized') ? badTexts.rotateEnded : sql),
          }),
      },
    },
  },
  {
    name: 'a grace that renews its window',
    breaks: 'an old token works as long as it is shown often enough',
    properties: ['T12'],
    variant: {
      settings: (settings) => ({ ...settings, service: { ...settings.service, refreshGraceMs: 800 } }),
      service: { refresh: renewWindow },
    },
  },
  {
    name: 'theft that does not end the session',
    breaks: 'thief and owner go on, each refused now and then',
    properties: ['T8', 'T12', 'R1', 'R2'],
    variant: {
      service: {
        refresh: (deps, ...rest) => refreshToken({ ...deps, write: keepSessions(deps.write) }, ...rest),
      },
    },
  },
  {
    name: 'a lost answer of COMMIT called a bad token',
    breaks: 'an outage logs people out',
    properties: ['T12'],
    variant: { service: { refresh: callOutageInvalid } },
  },
]

type Refresh = typeof refreshToken

async function renewWindow(...[deps, caller, input]: Parameters<Refresh>): ReturnType<Refresh> {
  const pair = await refreshToken(deps, caller, input)
  const { kysely } = deps.database
  const before = deps.refreshTokens.findOpened(input.refreshToken)
  await kysely
    .updateTable('sessions')
    .set({ rotated_at: deps.clock.now() })
    .where('id', '=', before?.sessionId ?? '')
    .execute()
    .catch(() => undefined)
  return pair
}

async function callOutageInvalid(...[deps, caller, input]: Parameters<Refresh>): ReturnType<Refresh> {
  try {
    return await refreshToken(deps, caller, input)
  } catch (error) {
    if (error instanceof AuthError && error.reason === 'DATABASE_UNAVAILABLE') {
      throw new AuthError('INVALID_REFRESH_TOKEN')
    }
    throw error
  }
}

function keepSessions(write: Parameters<Refresh>[0]['write']): typeof write {
  return (origin, work) =>
    write(origin, (trx, ...rest) => work(trx.withPlugin(withoutEnd) as typeof trx, ...rest))
}

/** Sets `ended_at` to null instead of the time. */
const withoutEnd: KyselyPlugin = toPlugin((node) => {
  if (!UpdateQueryNode.is(node)) return node
  const updates = node.updates?.map((update) => ({
    ...update,
    value: ValueNode.create(null) as OperationNode,
  }))
  const isEnd = JSON.stringify(node.updates).includes('ended_at')
  return isEnd && updates !== undefined ? { ...node, updates } : node
})

/** Reads the user's row without `for share`. */
function withoutShareLock(sql: string): string {
  return sql.startsWith('select * from users') ? sql.replace(' for share', '') : sql
}

function toPlugin(change: (node: RootOperationNode) => RootOperationNode): KyselyPlugin {
  return { transformQuery: ({ node }) => change(node), transformResult: async ({ result }) => result }
}

/** The time that was read before the look becomes the time after it. */
function makeLateClock(): NonNullable<Parameters<typeof rewriteDatabase>[1]['execute']> {
  let read: Date | undefined
  return async (query, execute) => {
    const result = await execute(query)
    const [row] = result.rows as { now?: Date }[]
    if (isClock(query.sql)) read = row?.now
    if (isLook(query.sql) && read !== undefined) {
      const later = await execute({ ...query, sql: 'select clock_timestamp() as now', parameters: [] })
      read.setTime((later.rows as { now: Date }[])[0]?.now.getTime() ?? 0)
    }
    return result
  }
}

function shareRunning(lookup: SessionLookup): SessionLookup {
  const running = new Map<unknown, ReturnType<SessionLookup['ask']>>()
  return {
    ask: (token) => {
      const known = running.get(token)
      if (known !== undefined) return known
      const answer = lookup.ask(token)
      running.set(token, answer)
      const forget = () => running.delete(token)
      answer.then(forget, forget)
      return answer
    },
  }
}

function keepAnswers(lookup: SessionLookup, { clock }: SimulatedProcess): SessionLookup {
  const kept = new Map<
    unknown,
    { readonly atMs: number; readonly answer: Awaited<ReturnType<SessionLookup['ask']>> }
  >()
  return {
    ask: async (token) => {
      const known = kept.get(token)
      if (known !== undefined && clock.monotonicMs() - known.atMs < 1000) return known.answer
      const answer = await lookup.ask(token)
      if (answer.findFault(token) === undefined) kept.set(token, { atMs: clock.monotonicMs(), answer })
      return answer
    },
  }
}

/** Heartbeats by a timer: the last one again, with the time that has passed since. */
function beatAlways(watch: WatchRevocations, { clock }: SimulatedProcess): WatchRevocations {
  return async function* watchRevocations(request, signal) {
    const items = watch(request, signal)
    let next = items.next()
    let last:
      | {
          readonly beat: Extract<Awaited<typeof next>['value'], { heartbeat: object }>['heartbeat']
          readonly atMs: number
        }
      | undefined
    while (!signal.aborted) {
      const item = await Promise.race([next, clock.sleep(500, signal)])
      if (item === undefined) {
        if (last === undefined) continue
        const asOf = new Date(last.beat.asOf.getTime() + clock.monotonicMs() - last.atMs)
        yield { heartbeat: { ...last.beat, asOf } }
        continue
      }
      if (item.done) return
      if (item.value.heartbeat) last = { beat: item.value.heartbeat, atMs: clock.monotonicMs() }
      yield item.value
      next = items.next()
    }
  }
}

import { CompiledQuery } from 'kysely'
import { AuthError } from '../domain/errors.ts'
import type { Database } from './database.ts'

/** What of a token is looked up: the claims object itself, so that equal tokens share a place. */
export interface LookedUp {
  readonly sid: string
  readonly sub: string
  /** Token version. */
  readonly tv: number
}

/** Why the database refuses a token. */
export type LookupFault = 'USER_DELETED' | 'USER_SUSPENDED' | 'REVOKED'

/** The answers of one look-up. */
export interface LookupAnswer {
  /** The database's clock before the look-up's snapshot was taken. */
  readonly checkedAt: Date
  /** The fault of a token that was asked for, or undefined where the database has none. */
  findFault(token: LookedUp): LookupFault | undefined
}

/** Looks sessions and users up on the primary. */
export interface SessionLookup {
  /**
   * The answer of a look-up that *starts after this call*. All that wait share the next one, whatever their number: queries do not
   * grow with calls.
   * @throws AuthError DATABASE_UNAVAILABLE when the database does not answer, or answers as a standby.
   */
  ask(token: LookedUp): Promise<LookupAnswer>
}

interface Batch {
  readonly places: Map<LookedUp, number>
  readonly answer: Promise<LookupAnswer>
  readonly settle: { resolve(answer: LookupAnswer): void; reject(error: unknown): void }
}

// Only what speaks against a token comes back: one row in health. A session that is not there is revoked.
const statement = `select statement_timestamp() as checked_at, pg_is_in_recovery() as standby, (
  select json_agg(json_build_array(asked.place, users.status))
  from unnest($1::uuid[], $2::uuid[], $3::bigint[]) with ordinality as asked (session_id, user_id, tv, place)
  left join users on users.id = asked.user_id
  left join sessions on sessions.id = asked.session_id and sessions.user_id = asked.user_id
  where users.status is distinct from 'ACTIVE' or users.tv > asked.tv or sessions.id is null or sessions.ended_at is not null
) as faults`

/** Makes the shared look-up: at most one query is under way at a time. */
export function makeSessionLookup(database: Pick<Database, 'kysely'>): SessionLookup {
  let gathering: Batch | undefined
  let running = false

  async function run(): Promise<void> {
    const batch = gathering
    gathering = undefined
    running = false
    if (batch === undefined) return
    running = true
    try {
      batch.settle.resolve(await lookUp(database, batch.places))
    } catch (error) {
      batch.settle.reject(error)
    }
    // Everything that arrives in this turn of the event loop joins the next look-up.
    setImmediate(run)
  }

  return {
    ask(token) {
      if (gathering === undefined) {
        gathering = makeBatch()
        if (!running) {
          running = true
          setImmediate(run)
        }
      }
      if (!gathering.places.has(token)) gathering.places.set(token, gathering.places.size + 1)
      return gathering.answer
    },
  }
}

function makeBatch(): Batch {
  const { promise, resolve, reject } = Promise.withResolvers<LookupAnswer>()
  promise.catch(() => undefined)
  return { places: new Map(), answer: promise, settle: { resolve, reject } }
}

interface LookupRow {
  readonly checked_at: Date
  readonly standby: boolean
  readonly faults: [number, string | null][] | null
}

async function lookUp(
  database: Pick<Database, 'kysely'>,
  places: ReadonlyMap<LookedUp, number>,
): Promise<LookupAnswer> {
  const tokens = [...places.keys()]
  const { rows } = await database.kysely.executeQuery<LookupRow>(
    CompiledQuery.raw(statement, [
      tokens.map((token) => token.sid),
      tokens.map((token) => token.sub),
      tokens.map((token) => token.tv),
    ]),
  )
  const [row] = rows
  if (row === undefined || row.standby) {
    throw new AuthError('DATABASE_UNAVAILABLE', { cause: new Error('the database is a standby') })
  }
  const checkedAt = row.checked_at
  if (row.faults === null) return { checkedAt, findFault: () => undefined }
  const faults = new Map(row.faults.map(([place, status]) => [place, toFault(status)]))
  return { checkedAt, findFault: (token) => faults.get(places.get(token) ?? 0) }
}

function toFault(status: string | null): LookupFault {
  if (status === 'DELETED') return 'USER_DELETED'
  return status === 'SUSPENDED' ? 'USER_SUSPENDED' : 'REVOKED'
}

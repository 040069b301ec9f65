import { CompiledQuery } from 'kysely'
import { AuthError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { epochText, isEpochSettled, toEpochCounter } from './epoch.ts'

/** What of a token is looked up: the verified token itself, so that equal tokens share a place. */
export interface LookedUp {
  /** The `kid` of the key that signed it. */
  readonly keyId: string
  readonly claims: {
    readonly jti: string
    readonly sid: string
    readonly sub: string
    /** Token version. */
    readonly tv: number
    /** Whole seconds. */
    readonly iat: number
  }
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

/** Looks up on the primary whether tokens are revoked, on every level. */
export interface SessionLookup {
  /**
   * The answer of a look-up that *starts after this call*. All that wait share the next one, whatever their number: queries do not
   * grow with calls.
   * @throws AuthError DATABASE_UNAVAILABLE when the database does not answer, or answers as a standby, or with another history than
   *   its epoch says, or with an older epoch than it did before: what was revoked may be missing there.
   */
  ask(token: LookedUp): Promise<LookupAnswer>
}

interface Batch {
  readonly places: Map<LookedUp, number>
  readonly answer: Promise<LookupAnswer>
  readonly settle: { resolve(answer: LookupAnswer): void; reject(error: unknown): void }
}

// Only what speaks against a token comes back: one row in health. A session that is not there is revoked. Revoked users and sessions
// are read in their own rows, which change in the same transactions. An entry of a token is looked for by each token: one `any` of all
// that is asked was planned anew with every call.
const statement = `select statement_timestamp() as checked_at, (select ${epochText} from epoch) as epoch,
  (select ${isEpochSettled} from epoch) as settled, (
  select json_agg(json_build_array(asked.place, users.status))
  from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])
    with ordinality as asked (session_id, user_id, tv, token_id, key_id, iat, place)
  left join users on users.id = asked.user_id
  left join sessions on sessions.id = asked.session_id and sessions.user_id = asked.user_id
  where users.status is distinct from 'ACTIVE' or users.tv > asked.tv or sessions.id is null or sessions.ended_at is not null
    or exists (select from revocations where type = 'TOKEN' and subject = asked.token_id)
    or asked.key_id = any(array(select subject from revocations where type = 'KEY'))
    or asked.iat <= (select extract(epoch from max(until)) from revocations where type = 'ISSUER' and subject = $7)::bigint
) as faults`

/** Makes the shared look-up of an issuer's tokens: at most one query is under way at a time. */
export function makeSessionLookup(database: Pick<Database, 'kysely'>, issuer: string): SessionLookup {
  let gathering: Batch | undefined
  let running = false
  let epochCounter = 0

  async function run(): Promise<void> {
    const batch = gathering
    gathering = undefined
    running = false
    if (batch === undefined) return
    running = true
    try {
      const row = await getFaults(database, issuer, [...batch.places.keys()])
      epochCounter = Math.max(epochCounter, requireEpoch(row, epochCounter))
      batch.settle.resolve(toAnswer(row, batch.places))
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
  readonly epoch: string | null
  readonly settled: boolean | null
  readonly faults: [number, string | null][] | null
}

async function getFaults(
  { kysely }: Pick<Database, 'kysely'>,
  issuer: string,
  tokens: readonly LookedUp[],
): Promise<LookupRow | undefined> {
  const claims = tokens.map((token) => token.claims)
  const { rows } = await kysely.executeQuery<LookupRow>(
    CompiledQuery.raw(statement, [
      claims.map(({ sid }) => sid),
      claims.map(({ sub }) => sub),
      claims.map(({ tv }) => tv),
      claims.map(({ jti }) => jti),
      tokens.map(({ keyId }) => keyId),
      claims.map(({ iat }) => iat),
      issuer,
    ]),
  )
  return rows[0]
}

/** Returns the counter of the answer's epoch. */
function requireEpoch(row: LookupRow | undefined, counterBefore: number): number {
  const counter = toEpochCounter(row?.epoch ?? '')
  if (row?.settled && counter >= counterBefore) return counter
  const cause = new Error('the database is a standby, or not the one of this epoch')
  throw new AuthError('DATABASE_UNAVAILABLE', { cause })
}

function toAnswer(row: LookupRow | undefined, places: ReadonlyMap<LookedUp, number>): LookupAnswer {
  if (row === undefined) throw new Error('the look-up has no row')
  const checkedAt = row.checked_at
  if (row.faults === null) return { checkedAt, findFault: () => undefined }
  const faults = new Map(row.faults.map(([place, status]) => [place, toFault(status)]))
  return { checkedAt, findFault: (token) => faults.get(places.get(token) ?? 0) }
}

function toFault(status: string | null): LookupFault {
  if (status === 'DELETED') return 'USER_DELETED'
  return status === 'SUSPENDED' ? 'USER_SUSPENDED' : 'REVOKED'
}

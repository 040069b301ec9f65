import { isPublished, type KeyTimes } from '../domain/key-life.ts'
import type { Database } from '../store/database.ts'
import { readKeys } from '../store/keys.ts'
import type { Finding } from './finding.ts'
import { toCause } from './to-cause.ts'

const check = 'edge'
const timeoutMs = 5000

/** What {@link checkEdge} compares with. */
export interface EdgeFacts {
  readonly issuer: string
  readonly times: KeyTimes
  readonly fetch: typeof fetch
}

/** Looks whether an edge publishes the keys of this database, and names the configured issuer where it names one. */
export async function checkEdge(edge: string, database: Database, facts: EdgeFacts): Promise<Finding[]> {
  try {
    const published = await readJson(`${edge}/.well-known/jwks.json`, facts)
    const { asOf, keys } = await readKeys(database.kysely)
    const own = keys.filter((key) => isPublished(key, asOf, facts.times)).map(({ id }) => id)
    const listed = new Set((published?.keys as { kid?: string }[] | undefined)?.map(({ kid }) => kid))
    const metadata = await readJson(`${edge}/.well-known/oauth-authorization-server`, facts).catch(
      () => undefined,
    )
    return judgeEdge(edge, own, listed, metadata?.issuer ?? facts.issuer, facts.issuer)
  } catch (error) {
    const what = `${edge} does not publish keys: ${toCause(error)}`
    const remedy = 'see that a service listens there (AUTH_EDGE_LISTEN) and that the way to it is open'
    return [{ check, severity: 'error', what, remedy }]
  }
}

function judgeEdge(
  edge: string,
  own: readonly string[],
  listed: ReadonlySet<string | undefined>,
  named: unknown,
  issuer: string,
): Finding[] {
  const missing = own.filter((kid) => !listed.has(kid))
  const foreign = listed.size > 0 && missing.length === own.length
  const findings: Finding[] = []
  if (missing.length > 0) {
    const what = foreign
      ? `${edge} publishes the keys of another installation: tokens of ${issuer} are refused as of an unknown key`
      : `${edge} does not publish ${missing.join(', ')}`
    const remedy = foreign
      ? 'correct DATABASE_URL here, or the address of the edge that services read keys from'
      : 'wait a second and look again; where it stays, restart that service'
    findings.push({ check, severity: 'error', what, remedy })
  }
  if (named !== issuer) {
    const what = `${edge} issues as ${named}, the configuration says ${issuer}: tokens are refused as of a wrong issuer`
    findings.push({ check, severity: 'error', what, remedy: 'give all instances the same AUTH_ISSUER' })
  }
  if (new URL(edge).origin !== new URL(issuer).origin) {
    const what = `${edge} is not where the issuer ${issuer} says that it is`
    findings.push({ check, severity: 'note', what })
  }
  if (findings.some(({ severity }) => severity === 'error')) return findings
  return [
    { check, severity: 'ok', what: `${edge} publishes the ${own.length} keys of this database` },
    ...findings,
  ]
}

async function readJson(url: string, facts: EdgeFacts): Promise<Record<string, unknown> | undefined> {
  const response = await facts.fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return (await response.json()) as Record<string, unknown>
}

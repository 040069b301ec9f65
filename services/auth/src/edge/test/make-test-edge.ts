import { AuthService, UserService } from '@immersiverse/auth-contract'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../../deps.ts'
import type { Caller } from '../../domain/caller.ts'
import { AuthError } from '../../domain/errors.ts'
import type { UnaryHandlers } from '../../rpc/unary-handlers.ts'
import { type EdgeDeps, makeEdge } from '../make-edge.ts'
import { type Metrics, makeMetrics } from '../metrics.ts'

export const mina = '01890a5d-ac96-774b-bcce-b302099a8057'
export const jun = '01890a5d-ac96-774b-bcce-b302099a8058'
const session = '01890a5d-ac96-774b-bcce-b302099a8059'
const nowSeconds = 1_700_000_000
const [ownIssuer, audience] = ['https://auth.example', 'immersiverse']

/** A call that reached a handler. */
export interface HandledCall {
  readonly method: string
  readonly caller: Caller
  readonly request: object
}

/** A line of the log. */
export interface LogLine {
  readonly level: keyof Log
  readonly facts: Record<string, unknown>
  readonly message: string
}

/** An edge whose tokens are words: `mina`, `jun`, `expired`, `revoked`, `outage`; any other is MALFORMED. */
export interface TestEdge {
  readonly app: FastifyInstance
  readonly handled: HandledCall[]
  readonly lines: LogLine[]
  readonly metrics: Metrics
}

/** Limits that no test meets by chance. */
export const testLimits = Object.freeze({
  maxConnections: 100,
  maxConnectionsPerAddress: 100,
  connectionRate: undefined,
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  keepAliveMs: 65_000,
  maxRequestsPerConnection: 10_000,
})

/** Makes it; `answer` says what every handler answers or throws. */
export function makeTestEdge(
  answer: (call: HandledCall) => object = () => ({}),
  state: { isClosing: boolean } = { isClosing: false },
  web: { readonly issuer?: string; readonly origins?: readonly string[] } = {},
): TestEdge {
  const handled: HandledCall[] = []
  const lines: LogLine[] = []
  const metrics = makeMetrics()
  const handle = (method: string) => async (caller: Caller, request: object) => {
    handled.push({ method, caller, request })
    return answer({ method, caller, request })
  }
  const app = makeEdge(
    {
      deps: makeTestDeps(web.issuer),
      services: [
        [AuthService, makeHandlers(AuthService, handle)],
        [UserService, makeHandlers(UserService, handle)],
      ],
      logger: makeTestLog(lines),
      metrics,
      limits: testLimits,
      origins: web.origins ?? [],
    },
    state,
  )
  return { app, handled, lines, metrics }
}

function makeHandlers<S extends typeof AuthService | typeof UserService>(
  service: S,
  handle: (method: string) => unknown,
): UnaryHandlers<S> {
  const entries = service.methods.map(({ localName }) => [localName, handle(localName)])
  return Object.fromEntries(entries) as UnaryHandlers<S>
}

/** A log that keeps its lines. */
export function makeTestLog(lines: LogLine[]): Log {
  const keep = (level: keyof Log) => (facts: object, message: string) => {
    lines.push({ level, facts: facts as Record<string, unknown>, message })
  }
  return { info: keep('info'), warn: keep('warn'), error: keep('error') }
}

const subjects: Readonly<Record<string, string>> = { mina, jun, expired: mina, revoked: mina, outage: mina }

function verifySignature(token: string) {
  const sub = subjects[token]
  if (sub === undefined) return { ok: false, reason: 'MALFORMED' }
  const exp = nowSeconds + (token === 'expired' ? -1 : 600)
  const claims = {
    iss: ownIssuer,
    aud: [audience],
    sub,
    sid: session,
    jti: token,
    iat: nowSeconds - 60,
    exp,
  }
  return {
    ok: true,
    token: { claims: { ...claims, roles: [], tv: 1 }, keyId: 'k', attachment: undefined },
  }
}

/** What the edge uses, without a database: the token's word is its id. */
export function makeTestDeps(issuer = ownIssuer): EdgeDeps {
  let ids = 0
  const deps = {
    clock: {
      now: () => new Date(nowSeconds * 1000),
      monotonicMs: () => performance.now(),
      sleep: async () => {},
    },
    newId: () => `request-${++ids}`,
    settings: { issuer, audience, keyTimes: { publishedMaxAgeMs: 300_000, ringMaxAgeMs: 30_000 } },
    keyRing: { jwksJson: '{"keys":[]}', reload: async () => {}, status: () => ({ ageMs: 0 }) },
    verifier: { verifySignature },
    sessionLookup: {
      ask: async ({ claims: { jti } }: { claims: { jti: string } }) => {
        if (jti === 'outage')
          throw new AuthError('DATABASE_UNAVAILABLE', { cause: new Error('no route to host') })
        const findFault = () => (jti === 'revoked' ? 'REVOKED' : undefined)
        return { checkedAt: new Date(nowSeconds * 1000), findFault }
      },
    },
  }
  // Only the parts that the edge reads are there.
  return deps as unknown as EdgeDeps
}

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type KeySet,
  type LocalToken,
  makeLocalVerify,
  makeTokenVerifier,
  openRevocationFollower,
  type RevocationFollower,
  type RevocationSource,
  systemClock,
} from '@immersiverse/auth-client/verifier'
import { audience, issuer } from './signed-tokens.ts'

/** Local verification whose revocations come from this process, and whose view is FRESH. */
export interface OpenLocal extends AsyncDisposable {
  readonly revocations: RevocationFollower
  verify(token: string): Promise<unknown>
  /** Forgets the tokens it has seen. */
  forget(): void
}

const epoch = 'bench'
const entriesAPart = 4000
const expiresAt = new Date(Date.now() + 3_600_000)

/** Opens local verification with that many live revocations of sessions. */
export async function openLocal(keys: KeySet, revoked: number): Promise<OpenLocal> {
  const revocations = openRevocationFollower({ source: makeSource(revoked), clock: systemClock })
  while (revocations.status().state !== 'FRESH') await sleep(20)
  const make = () => {
    const verifier = makeTokenVerifier<LocalToken>({
      keys,
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      maxLifetimeSeconds: 3600,
      rememberedTokens: 65_536,
    })
    const fallback = () => Promise.reject(new Error('a verification was not decided in process'))
    return makeLocalVerify({ verifier, revocations, fallback, clock: systemClock, issuer, audience })
  }
  let local = make()
  return {
    revocations,
    verify: (token) => local.verify(token),
    forget: () => {
      local = make()
    },
    [Symbol.asyncDispose]: () => revocations.close(),
  }
}

function makeSource(revoked: number): RevocationSource {
  return {
    async *watch(_from, signal) {
      while (!signal.aborted) {
        const asOf = new Date()
        yield { kind: 'heartbeat', epoch, term: 1, rseqHi: revoked, asOf, intervalMs: 500 }
        await sleep(500, undefined, { signal }).catch(() => undefined)
      }
    },
    async *snapshot() {
      for (let left = revoked; left > 0; left -= entriesAPart) {
        const length = Math.min(left, entriesAPart)
        yield {
          kind: 'entries',
          entries: Array.from({ length }, () => ({ type: 'session', subject: randomUUID(), expiresAt })),
        }
        await sleep(0)
      }
      yield { kind: 'end', epoch, rseq: revoked }
    },
    status: async () => ({ epoch, rseqHi: revoked, databaseTime: new Date() }),
  }
}

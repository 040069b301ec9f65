import { randomBytes } from 'node:crypto'
import type { TokenPair } from '@immersiverse/auth-contract'
import type { Random } from '../make-random.ts'
import type { History, RunToken } from '../verdicts/history.ts'
import type { Replica } from '../world/world.ts'

/** What the life of a person needs. */
export interface Surroundings {
  readonly replicas: readonly Replica[]
  readonly history: History
  readonly random: Random
  readonly accessTtlMs: number
  /** Told of the mark that a revoking call returned, as proto3 JSON, with one of the tokens it revoked. */
  onMark(tokenId: number, mark: unknown): void
  /** No new calls. */
  readonly signal: AbortSignal
}

/** A session and its tokens, as far as their owner knows. */
export interface OwnSession {
  readonly sessionId: string
  refreshToken: string
  readonly tokens: RunToken[]
}

/** Somebody who signs up, logs in, and is logged out in one way or another. */
export interface Person {
  readonly id: string
  readonly username: string
  password: string
  sessions: OwnSession[]
}

/** A name and a password that nobody else has. */
export function makeCredentials(): { readonly username: string; readonly password: string } {
  const [name, secret] = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')]
  // Whatever the secret is, without a letter as well, the words around it are no password that the service knows to be weak.
  return { username: `u${name}`, password: `lantern ${secret} gravel` }
}

/** Adds a token that was issued to what is probed. */
export function keepPair(
  { history, accessTtlMs }: Pick<Surroundings, 'history' | 'accessTtlMs'>,
  session: Pick<OwnSession, 'tokens'>,
  pair: TokenPair,
  sentAtMs: number,
): void {
  session.tokens.push(history.addToken(pair.accessToken, sentAtMs, accessTtlMs))
}

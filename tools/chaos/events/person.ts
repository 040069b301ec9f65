import type { Random } from '../make-random.ts'
import type { Replica } from '../world/world.ts'
import type { CallerLog } from './make-caller-log.ts'

/** What a life needs. */
export interface Surroundings {
  readonly replicas: readonly Replica[]
  readonly random: Random
  readonly log: CallerLog
  /** The longest pause between two things that somebody does. */
  readonly pauseMs: number
  /** No new calls. */
  readonly signal: AbortSignal
}

/** A session as its owner knows it. */
export interface OwnSession {
  readonly id: string
  readonly accessToken: string
  refreshToken: string
}

/** Somebody whose every call is written down. */
export interface Person {
  readonly id: string
  readonly username: string
  password: string
  sessions: OwnSession[]
  isSuspended: boolean
  /** Every call was answered: nothing may still arrive and do what a later call is asked to do. */
  isCertain: boolean
}

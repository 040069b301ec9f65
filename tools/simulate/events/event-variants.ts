import { openRelay } from '../../../services/auth/src/events/relay.ts'
import { type StatementModel, toSelected } from '../model-database/sql/statement.ts'
import type { KnownBadName } from '../simulations.ts'
import { openUnaskedLane } from './bad-lanes.ts'
import { openClockRelay, openCursorRelay, openForgetfulRelay, openSharedRelay } from './bad-relays.ts'
import {
  answerAtOnce,
  readClockLate,
  readStateClockLate,
  sendInPipeline,
  writeUnfenced,
} from './bad-sinks.ts'
import type { EventVariant } from './event-process.ts'

/** A known-bad system of the world of events. */
export interface KnownBadEvents extends KnownBadName {
  readonly variant: EventVariant
}

const leaderSettings =
  'set lock_timeout = 5000; set idle_in_transaction_session_timeout = 1500; set idle_session_timeout = 1500'

/** The lock of a process that was stopped stays. */
const keepIdle: StatementModel = ({ transaction }) => {
  transaction.backend.idleSessionMs = 0
  transaction.backend.idleInTransactionMs = 0
  return toSelected([])
}

/** The known-bad variants of protocols.md §1. */
export const eventVariants: readonly KnownBadEvents[] = [
  {
    name: 'a cursor by id',
    breaks: 'rows that commit behind the cursor are never published',
    properties: ['O2', 'O4', 'O11'],
    variant: { relay: openCursorRelay },
  },
  {
    name: 'a cursor stamped now()',
    breaks: 'rows that commit behind the cursor are never published',
    properties: ['O2', 'O4', 'O11'],
    variant: { relay: openClockRelay },
  },
  {
    name: 'SKIP LOCKED by two workers',
    breaks: "a user's later event overtakes",
    properties: ['O4'],
    variant: { relay: openSharedRelay },
  },
  {
    name: 'mark before ack',
    breaks: 'what the broker never got is called published',
    properties: ['O2', 'O4'],
    variant: { eventSink: answerAtOnce },
  },
  {
    name: '1 s broker time-out with pipelining',
    breaks: 'what is sent again comes behind what was sent later',
    properties: ['O4'],
    variant: { eventSink: sendInPipeline },
  },
  {
    name: 'pub_seq in memory',
    breaks: 'an event has two numbers',
    properties: ['O7'],
    variant: { relay: (options) => openForgetfulRelay(openRelay, options) },
  },
  {
    name: "as_of read after the revocations' snapshot",
    breaks: 'what was revoked between the two is said to be there',
    properties: ['O8'],
    variant: { revocationSink: readClockLate },
  },
  {
    name: "as_of read after the states' snapshot",
    breaks: 'what was changed between the two is said to be there',
    properties: ['O8'],
    variant: { stateSink: readStateClockLate },
  },
  {
    name: 'a lock without idle time-out',
    breaks: 'a leader that is stopped for good stops everything',
    properties: ['O11'],
    variant: { statements: new Map([[leaderSettings, keepIdle]]) },
  },
  {
    name: 'heartbeat without term',
    breaks: 'a leader that was taken over speaks for what it does not know',
    properties: ['O8'],
    variant: { revocationLane: openUnaskedLane },
  },
  {
    name: 'a compacted topic without fencing',
    breaks: 'a late record of the leader before raises the old state',
    properties: ['STATE'],
    variant: { stateSink: writeUnfenced },
  },
]

import type { EventViolation } from './event-violation.ts'
import { judgeCalls } from './judge-calls.ts'
import { type HeartbeatsVerdict, judgeHeartbeats } from './judge-heartbeats.ts'
import { judgeState } from './judge-state.ts'
import { judgeTopics, type TopicsVerdict } from './judge-topics.ts'
import { judgeUserStates, type UserStatesVerdict } from './judge-user-states.ts'
import type { CallerLog } from './make-caller-log.ts'
import type { Everything } from './read-everything.ts'

/** What was found of each part, and all that is wrong. */
export interface Verdict {
  readonly topics: TopicsVerdict
  readonly heartbeats: HeartbeatsVerdict
  /** Undefined where the service has no such topic. */
  readonly states: UserStatesVerdict | undefined
  readonly violations: readonly EventViolation[]
}

/** The `ce_source` of a service that is not told its issuer. */
const source = 'http://localhost:8080'

/** Holds topics, database and callers' log against one another. Pure. */
export function judgeEverything(
  { committed, events, revocations, userStates }: Everything,
  { operations, revokedAtMs }: Pick<CallerLog, 'operations' | 'revokedAtMs'>,
): Verdict {
  const topics = judgeTopics(committed.events, events, source)
  const heartbeats = judgeHeartbeats(committed.revocations, revocations, revokedAtMs)
  const states = userStates && judgeUserStates(committed, userStates, operations)
  const violations = [
    ...topics.violations,
    ...heartbeats.violations,
    ...(states?.violations ?? []),
    ...judgeState(committed),
    ...judgeCalls(operations, committed.events),
  ]
  return { topics, heartbeats, states, violations }
}

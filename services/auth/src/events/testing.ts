import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../domain/clock.ts'
import type { Database } from '../store/database.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import { testInstallation } from '../store/outbox-testing.ts'
import type { EventsLog } from './log.ts'
import { openRelay, type Relay, type RelayOptions } from './relay.ts'
import { type EventSink, RefusedError } from './sink.ts'

/** The clock of this machine. */
export const wallClock: Clock = Object.freeze({
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms: number, signal?: AbortSignal) =>
    sleep(Math.max(ms, 0), undefined, signal ? { signal } : {}).catch(() => undefined),
})

/** Says nothing. */
export const silentLog: EventsLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A sink that keeps what it got, and fails or waits as told. */
export interface MemorySink extends EventSink {
  readonly published: NumberedEvent[]
  /** How often it was called. */
  callCount: number
  fails: boolean
  /** Says which events are refused for good; a call with one of them is refused as a whole. */
  refuses: (event: NumberedEvent) => 'event' | 'topic' | undefined
  gate: Promise<void>
}

/** Makes a sink in memory. */
export function makeMemorySink(): MemorySink {
  const published: NumberedEvent[] = []
  return {
    published,
    callCount: 0,
    fails: false,
    refuses: () => undefined,
    gate: Promise.resolve(),
    prepare: async () => undefined,
    async publish(events) {
      this.callCount += 1
      await this.gate
      if (this.fails) throw new Error('the sink is down')
      const refused = events.map((event) => this.refuses(event)).find((answer) => answer !== undefined)
      if (refused) throw new RefusedError('REFUSED', { isOfTopic: refused === 'topic' })
      published.push(...events)
    },
    close: async () => undefined,
  }
}

/** A relay that is closed after the test. */
export function openTestRelay(
  t: TestContext,
  database: Database,
  sink: EventSink,
  options: Partial<RelayOptions> = {},
): Relay {
  const relay = openRelay({
    database,
    installation: testInstallation,
    sink,
    clock: wallClock,
    log: silentLog,
    random: Math.random,
    ...options,
  })
  t.after(() => relay.close())
  return relay
}

/** O4, O5, O7: first occurrences per user run 1, 2, 3 …; a repetition only repeats; one number for each event. */
export function assertOrder(published: readonly NumberedEvent[]): void {
  const highest = new Map<string, number>()
  const numbers = new Map<string, number>()
  const ids = new Map<number, string>()
  for (const { id, key, pubSeq, userSequence } of published) {
    assert.equal(numbers.get(id) ?? pubSeq, pubSeq, 'an event has one number')
    assert.equal(ids.get(pubSeq) ?? id, id, 'a number has one event')
    numbers.set(id, pubSeq)
    ids.set(pubSeq, id)
    if (userSequence === undefined) continue
    const last = highest.get(key) ?? 0
    assert.ok(userSequence <= last + 1, `user ${key}: ${userSequence} after ${last}`)
    highest.set(key, Math.max(last, userSequence))
  }
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Auth, EventSubscription } from '@immersiverse/auth-client'
import { type Alert, watchLogins } from './watch-logins.ts'

type Handler = (data: object, info: { readonly eventId: string; readonly time: Date }) => unknown

/** Watches with bursts of three, and hands events over as the client would. */
function watch() {
  const handlers = new Map<string, Handler>()
  const alerts: Alert[] = []
  const events = {
    on(name: string, handler: Handler) {
      handlers.set(name, handler)
      return events
    },
    start: () => ({}) as EventSubscription,
  }
  watchLogins({
    auth: { events: () => events } as unknown as Pick<Auth, 'events'>,
    position: { load: () => undefined, save: () => undefined },
    rules: { failures: 3, windowMs: 60_000 },
    raise: (alert) => alerts.push(alert),
    onError: (error) => assert.fail(String(error)),
  })
  const time = new Date('2027-01-01T00:00:00Z')
  const hand = async (name: string, data: object, eventId: string = randomUUID()) =>
    await handlers.get(name)?.(data, { eventId, time })
  return { alerts, hand }
}

const failure = { identifierHash: 'abc', ip: '203.0.113.7', limitReached: false }

test('an event that is delivered again counts once', async () => {
  const { alerts, hand } = watch()
  for (let n = 0; n < 5; n += 1) await hand('login_failed', failure, 'the same')
  await hand('login_failed', failure)
  assert.deepEqual(alerts, [])
  await hand('login_failed', failure)
  assert.deepEqual(
    alerts.map(({ alert, failures }) => [alert, failures]),
    [
      ['failed_logins_of_address', 3],
      ['failed_logins_of_account', 3],
    ],
  )
})

test('a limit that is reached, and a stolen token, are told once each, with where and who', async () => {
  const { alerts, hand } = watch()
  const stolen = { userId: 'mina', sessionId: 's1' }
  for (let n = 0; n < 2; n += 1) {
    await hand('login_failed', { ...failure, limitReached: true }, 'last')
    await hand('refresh_token_reused', stolen, 'theft')
  }
  const at = '2027-01-01T00:00:00.000Z'
  assert.deepEqual(alerts, [
    { alert: 'login_limit_reached', subject: 'abc', at, ip: '203.0.113.7' },
    { alert: 'refresh_token_reused', subject: 'mina', at, sessionId: 's1' },
  ])
})

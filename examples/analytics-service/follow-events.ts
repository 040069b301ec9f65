import type { Auth, EventSubscription } from '@immersiverse/auth-client'
import type { CountsStore } from './open-counts.ts'

/** Counts sign-ups, logins, failed logins and deletions; the same handlers over Kafka and WatchEvents. */
export function followEvents(
  auth: Pick<Auth, 'events'>,
  counts: CountsStore,
  onError: (error: unknown) => void,
): EventSubscription {
  return auth
    .events({ group: 'analytics-service', position: counts.position, onError })
    .on('user_created', (_data, info) => counts.count('signUps', info))
    .on('login_succeeded', (_data, info) => counts.count('logins', info))
    .on('login_failed', (_data, info) => counts.count('failedLogins', info))
    .on('user_deleted', (_data, info) => counts.count('deletions', info))
    .start()
}

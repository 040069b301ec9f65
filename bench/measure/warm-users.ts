import { connectAuth } from '@immersiverse/auth-client'
import type { Warmed } from './users.ts'

// A process of its own: what it holds in memory is the cache's alone.
const [, , source, address = '', brokers = ''] = process.argv
const startedAt = performance.now()
await using auth = await connectAuth({
  address,
  verification: 'remote',
  readyTimeoutMs: 30_000,
  kafka: { brokers: brokers.split(',') },
  users: { source: source === 'kafka' ? 'kafka' : 'list' },
})
await auth.users.warm(AbortSignal.timeout(15 * 60_000))
const warmed: Warmed = {
  seconds: (performance.now() - startedAt) / 1000,
  megabytes: process.resourceUsage().maxRSS / 1024,
  users: auth.users.status().users,
}
console.log(JSON.stringify(warmed))

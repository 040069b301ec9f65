import { once } from 'node:events'
import { pino } from 'pino'
import { openDatabase } from '../../src/compose/open-database.ts'
import { openService } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import { makeGuardedFetch } from '../../src/platforms/make-guarded-fetch.ts'
import type { PlatformRequest } from '../../src/platforms/platform-facts.ts'
import type { Database } from '../../src/store/database.ts'
import { cheapPasswords } from '../open-test-auth.ts'

/*
 * The service as `main.ts` runs it, until it comes to the point that FAULT_POINT names: there it kills itself, as kill -9 does.
 */
const point = process.env.FAULT_POINT ?? ''
let isAnswered = false

/** Nothing runs after it: no handler, no commit, no answer. */
function dieAt(reached: string): void {
  if (reached === point) process.kill(process.pid, 'SIGKILL')
}

const config = readConfig()
const log = pino({ base: null })
const guarded = makeGuardedFetch({
  timeoutMs: config.PLATFORM_TIMEOUT,
  maxBytes: 100_000,
  privateHosts: new Set(config.PLATFORM_PRIVATE_HOSTS),
})

async function platformFetch(request: PlatformRequest): Promise<Response> {
  const step = toStep(request)
  dieAt(`before-${step}`)
  const response = await guarded(request)
  dieAt(`after-${step}`)
  isAnswered = step === 'account' || step === 'renewal'
  return response
}

function toStep({ url, body }: PlatformRequest): string {
  if (!url.endsWith('/token')) return url.endsWith('/userinfo') ? 'account' : 'revocation'
  return body?.includes('grant_type=refresh_token') ? 'renewal' : 'exchange'
}

/** Dies when what the platform answered has been committed, before anybody hears of it. */
function withDeath(database: Database): Database {
  const kysely = database.kysely.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (isAnswered) dieAt('after-renewal-commit')
      return result
    },
  })
  return {
    ...database,
    kysely,
    transaction: async (work) => {
      const done = await database.transaction(work)
      if (isAnswered) dieAt('after-commit')
      return done
    },
  }
}

const database = withDeath(await openDatabase(config, log))
const settings = { loginFloorMs: 0, refreshFloorMs: 0 }
const service = await openService(config, log, {
  database,
  passwords: cheapPasswords,
  settings,
  platformFetch,
})
await once(process, 'SIGTERM')
await service.close(1000)
process.exit()

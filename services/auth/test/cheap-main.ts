import { once } from 'node:events'
import { pino } from 'pino'
import { openService } from '../src/compose.ts'
import { readConfig } from '../src/config.ts'
import { cheapPasswords } from './open-test-auth.ts'

/*
 * The service as `main.ts` runs it, but for hashing that costs next to nothing and refusals that do not wait: for tests that log in
 * thousands of times.
 */
const log = pino({ base: null })
const settings = { loginFloorMs: 0, refreshFloorMs: 0 }
const config = readConfig()
const service = await openService(config, log, { passwords: cheapPasswords, settings })
await once(process, 'SIGTERM')
await service.close(Math.min(config.AUTH_SHUTDOWN_TIMEOUT, 1000), config.AUTH_SHUTDOWN_DELAY)
process.exit()

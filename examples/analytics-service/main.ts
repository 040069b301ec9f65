import { once } from 'node:events'
import { readAnalyticsConfig } from './read-analytics-config.ts'
import { startAnalyticsService } from './start-analytics-service.ts'

const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
const failed = Promise.withResolvers<{ error: unknown }>()
try {
  await using service = await startAnalyticsService(readAnalyticsConfig(process.env), (error) =>
    failed.resolve({ error }),
  )
  console.log(`analytics-service ready http=${service.httpAddress}`)
  const end = await Promise.race([stopped, failed.promise])
  if ('error' in end) throw end.error
} catch (error) {
  console.error(`analytics-service: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

import { once } from 'node:events'
import { readSubscriptionConfig } from './read-subscription-config.ts'
import { startSubscriptionService } from './start-subscription-service.ts'

const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
const failed = Promise.withResolvers<{ error: unknown }>()
try {
  await using service = await startSubscriptionService(readSubscriptionConfig(process.env), {
    tell: (line) => console.log(line),
    onError: (error) => failed.resolve({ error }),
  })
  console.log(`subscription-service ready http=${service.httpAddress}`)
  const end = await Promise.race([stopped, failed.promise])
  if ('error' in end) throw end.error
} catch (error) {
  console.error(`subscription-service: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

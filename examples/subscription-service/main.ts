import { once } from 'node:events'
import { readSubscriptionConfig } from './read-subscription-config.ts'
import { startSubscriptionService } from './start-subscription-service.ts'

const failed = Promise.withResolvers<never>()
const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), failed.promise])
try {
  await using service = await startSubscriptionService(readSubscriptionConfig(process.env), {
    tell: (line) => console.log(line),
    onError: failed.reject,
  })
  console.log(`subscription-service ready http=${service.httpAddress}`)
  await stopped
} catch (error) {
  console.error(`subscription-service: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

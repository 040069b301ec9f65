import { once } from 'node:events'
import { readMonitorConfig } from './read-monitor-config.ts'
import { startSecurityMonitor } from './start-security-monitor.ts'

const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
const failed = Promise.withResolvers<{ error: unknown }>()
try {
  await using _monitor = await startSecurityMonitor(readMonitorConfig(process.env), {
    raise: (alert) => console.log(JSON.stringify(alert)),
    onError: (error) => failed.resolve({ error }),
  })
  console.log('security-monitor ready')
  const end = await Promise.race([stopped, failed.promise])
  if ('error' in end) throw end.error
} catch (error) {
  console.error(`security-monitor: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

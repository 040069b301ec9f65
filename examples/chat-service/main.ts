import { once } from 'node:events'
import { readChatConfig } from './read-chat-config.ts'
import { startChatService } from './start-chat-service.ts'

const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
try {
  await using chat = await startChatService(readChatConfig(process.env))
  console.log(`chat-service ready http=${chat.httpAddress} grpc=${chat.grpcAddress}`)
  await stopped
} catch (error) {
  console.error(`chat-service: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

import { fileURLToPath } from 'node:url'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const protoFile = fileURLToPath(new URL('proto/chat/v1/chat_service.proto', import.meta.url))

/**
 * Reads `chat_service.proto` as every grpc-js service may: `.service` is the plain ServiceDefinition that `addService` and `auth.guard`
 * take, the rest is a client. Fields are lowerCamelCase, missing ones have their defaults.
 */
export function loadChatService(): ServiceClientConstructor {
  const loaded = loadPackageDefinition(loadSync(protoFile, { defaults: true, oneofs: true }))
  // proto-loader knows the packages only at run time; the names are those of the proto file.
  const { chat } = loaded as unknown as { chat: { v1: { ChatService: ServiceClientConstructor } } }
  return chat.v1.ChatService
}

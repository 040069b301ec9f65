import { openTestAuth, type TestAuth } from '@immersiverse/example-processes'
import { type ChatService, startChatService } from '../start-chat-service.ts'

/** A real authentication service in its own process, and the chat service in this one. */
export interface TestChat extends AsyncDisposable {
  readonly auth: TestAuth
  readonly chat: ChatService
}

/** Starts both on free ports. */
export async function openTestChat(verification: 'remote' | 'local' = 'remote'): Promise<TestChat> {
  await using stack = new AsyncDisposableStack()
  const auth = stack.use(await openTestAuth())
  const listen = { host: '127.0.0.1', port: 0 }
  const chat = stack.use(
    await startChatService({ authAddress: auth.address, verification, http: listen, grpc: listen }),
  )
  const opened = stack.move()
  return { auth, chat, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

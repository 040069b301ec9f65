import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentials } from '@grpc/grpc-js'
import { loadChatService } from './load-chat-service.ts'
import { callChat } from './test/call-chat.ts'
import { openTestChat } from './test/open-test-chat.ts'

/** S of the client, and its 100 ms. */
const boundMs = 3_100
/** What this machine may take to bring the news; the promise counts from the service. */
const slackMs = 1_000

for (const verification of ['local', 'remote'] as const) {
  test(`${verification}: whoever logs out elsewhere is cut off from rooms they follow, within S`, async (t) => {
    await using platform = await openTestChat(verification)
    using stack = new DisposableStack()
    const { auth, chat } = platform
    const { token } = await auth.signUp('leaver')
    const { token: stays } = await auth.signUp('stays')
    const ChatClient = loadChatService()
    const client = stack.adopt(new ChatClient(chat.grpcAddress, credentials.createInsecure()), (one) =>
      one.close(),
    )
    const created = await callChat(client, ChatClient, 'CreateRoom', { token, requests: [{ name: 'lobby' }] })
    const { room } = created.answers[0] as { room: { roomId: string } }

    const watching = callChat(client, ChatClient, 'WatchRoom', { token, requests: [room] })
    const mine = await followEvents(chat.httpAddress, room.roomId, token)
    const others = await followEvents(chat.httpAddress, room.roomId, stays)
    const joined = await mine.next()
    assert.match(joined, /^data: \{"joined":\{"userId":".+","username":"leaver"\}\}\n\n/)

    await auth.sessions.logout({ token: { case: 'accessToken', value: token } })
    const sinceMs = performance.now()
    const [{ status }] = await Promise.all([watching, assert.rejects(mine.ended)])
    const tookMs = performance.now() - sinceMs
    t.diagnostic(`cut off ${tookMs.toFixed(0)} ms after the log-out was answered`)
    assert.equal(status, 'UNAUTHENTICATED')
    assert.ok(tookMs <= boundMs + slackMs, `${tookMs} ms`)

    await callChat(client, ChatClient, 'WatchRoom', { token: stays, requests: [room], take: 1 })
    await others.next()
    others.stop()
  })
}

/** A stream of Server-Sent Events: what comes next, and a promise that is rejected when it breaks off. */
async function followEvents(address: string, roomId: string, token: string) {
  const response = await fetch(`http://${address}/chat/room/${roomId}/events`, {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body?.getReader()
  if (reader === undefined) throw new Error('no body')
  const next = async () => Buffer.from((await reader.read()).value ?? []).toString()
  return {
    next,
    get ended() {
      return (async () => {
        for (;;) if ((await reader.read()).done) return
      })()
    },
    stop: () => void reader.cancel().catch(() => undefined),
  }
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  flags,
  frameTypes,
  preface,
  toCallHeaders,
  toFrame,
  toSettings,
} from '../../../../tools/hostile/wire/frames.ts'
import {
  assertServes,
  open,
  openPeer,
  readMetric,
  refusals,
  snapshot,
  validate,
  waitUntil,
} from './transport-world.ts'

describe('connections that do what nobody needs', () => {
  const floods: readonly (readonly [string, string, (index: number) => Buffer])[] = [
    ['pings', 'ping-flood', () => toFrame(frameTypes.ping, flags.none, 0, Buffer.alloc(8))],
    ['settings', 'settings-flood', () => toSettings({ 4: 65_535 })],
    [
      'streams that it takes back at once (CVE-2023-44487)',
      'rapid-reset',
      (index) => {
        const id = 2 * index + 1
        const headers = toFrame(frameTypes.headers, flags.endHeaders, id, toCallHeaders(validate))
        return Buffer.concat([headers, toFrame(frameTypes.reset, flags.none, id, Buffer.from([0, 0, 0, 8]))])
      },
    ],
    [
      'unknown methods',
      'refused-calls',
      (index) => {
        const headers = toCallHeaders('/nobody.Nothing/Nowhere')
        return toFrame(frameTypes.headers, flags.endHeaders + flags.endStream, 2 * index + 1, headers)
      },
    ],
  ]
  for (const [what, refusal, toBytes] of floods) {
    test(`a peer that floods with ${what} is cut off and waits before it may come again`, async (t) => {
      const auth = await open(t)
      await assertServes(auth)
      const peer = await openPeer(t, auth)
      const frames = Array.from({ length: 800 }, (_, index) => toBytes(index))
      for (let at = 0; at < frames.length; at += 50) await peer.send(Buffer.concat(frames.slice(at, at + 50)))
      await peer.closed
      assert.equal(await refusals(auth, refusal), 1)
      const again = await openPeer(t, auth)
      await again.closed
      assert.equal(await refusals(auth, 'address-on-hold'), 1)
      await assertServes(auth)
    })
  }

  test('a client that pings now and then and cancels now and then is left alone', async (t) => {
    const auth = await open(t)
    const peer = await openPeer(t, auth)
    for (let index = 0; index < 80; index += 1) {
      const id = 2 * index + 1
      await peer.send(toFrame(frameTypes.ping, flags.none, 0, Buffer.alloc(8)))
      await peer.send(toFrame(frameTypes.headers, flags.endHeaders, id, toCallHeaders(validate)))
      await peer.send(toFrame(frameTypes.reset, flags.none, id, Buffer.from([0, 0, 0, 8])))
    }
    await waitUntil(() => (peer.received.get(frameTypes.ping) ?? 0) === 80, 'its pings are answered')
    assert.equal(peer.isClosed, false)
  })

  test('headers in pieces without an end, and metadata of 16 MiB, end the connection', async (t) => {
    const auth = await open(t)
    const pieces = await openPeer(t, auth)
    await pieces.send(toFrame(frameTypes.headers, flags.none, 1, toCallHeaders(validate)))
    for (let sent = 0; sent < 1000 && !pieces.isClosed; sent += 1) {
      await pieces.send(toFrame(frameTypes.continuation, flags.none, 1, Buffer.alloc(0)))
    }
    await pieces.closed
    const large = await openPeer(t, auth, { from: '127.0.0.3' })
    const block = toCallHeaders(validate, { 'x-large': 'x'.repeat(16 * 1024 * 1024) })
    await large.send(toFrame(frameTypes.headers, flags.none, 1, block.subarray(0, 16_000)))
    for (let at = 16_000; at < block.length && !large.isClosed; at += 16_000) {
      await large.send(toFrame(frameTypes.continuation, flags.none, 1, block.subarray(at, at + 16_000)))
    }
    await large.closed
    await assertServes(auth)
  })

  test('metadata above the limit is refused, and the connection stays', async (t) => {
    const auth = await open(t)
    const peer = await openPeer(t, auth)
    const headers = toCallHeaders(validate, { 'x-large': 'x'.repeat(15_000), 'x-more': 'x'.repeat(1_200) })
    await peer.send(toFrame(frameTypes.headers, flags.none, 1, headers.subarray(0, 8_000)))
    await peer.send(toFrame(frameTypes.continuation, flags.endHeaders, 1, headers.subarray(8_000)))
    await waitUntil(() => peer.received.has(frameTypes.reset), 'the call is reset')
    assert.equal(peer.isClosed, false)
  })

  for (const [what, bytes] of [
    ['nothing', Buffer.alloc(0)],
    ['half a preface', preface.subarray(0, 12)],
    ['a preface without settings', preface],
  ] as const) {
    test(`a peer that says ${what} is gone after the time for handshakes`, async (t) => {
      const auth = await open(t, { AUTH_GRPC_HANDSHAKE_TIMEOUT: '200ms' })
      const peer = await openPeer(t, auth, { isSilent: true })
      if (bytes.length > 0) await peer.send(bytes)
      await peer.closed
      assert.equal(await refusals(auth, 'handshake-timeout'), 1)
      await assertServes(auth)
    })
  }

  test('a connection without calls is closed after the idle time, one with a stream is not', async (t) => {
    const auth = await open(t, { AUTH_GRPC_CONNECTION_IDLE: '200ms' })
    const [idle, watching] = [await openPeer(t, auth), await openPeer(t, auth)]
    await watching.send(toFrame(frameTypes.headers, flags.endHeaders, 1, toCallHeaders(snapshot)))
    await idle.closed
    assert.deepEqual([idle.goaway, watching.isClosed], [0, false])
  })

  test('a connection beyond its age is told to go, and cut after the grace', async (t) => {
    const auth = await open(t, { AUTH_GRPC_CONNECTION_AGE: '200ms', AUTH_GRPC_CONNECTION_AGE_GRACE: '200ms' })
    const peer = await openPeer(t, auth)
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 1, toCallHeaders(snapshot)))
    await waitUntil(() => peer.goaway !== undefined, 'GOAWAY')
    assert.deepEqual([peer.goaway, peer.isClosed], [0, false])
    await peer.closed
  })

  test('a peer that answers no keepalive is gone, with the stream that it watches', async (t) => {
    const auth = await open(t, { AUTH_GRPC_KEEPALIVE: '100ms', AUTH_GRPC_KEEPALIVE_TIMEOUT: '100ms' })
    const peer = await openPeer(t, auth)
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 1, toCallHeaders(snapshot)))
    await waitUntil(() => peer.received.has(frameTypes.ping), 'it is asked')
    await peer.closed
    await assertServes(auth)
  })
})

describe('connections that are too many', () => {
  test('one address gets its share, and what it gives back it may use again', async (t) => {
    const auth = await open(t, { AUTH_GRPC_MAX_CONNECTIONS_PER_ADDRESS: '3' })
    const peers = [await openPeer(t, auth), await openPeer(t, auth), await openPeer(t, auth)]
    const fourth = await openPeer(t, auth)
    await fourth.closed
    assert.equal(await refusals(auth, 'connections-per-address'), 1)
    await assertServes(auth)
    await peers[0]?.[Symbol.asyncDispose]()
    await waitUntil(
      async () => (await readMetric(auth, 'auth_grpc_connections')) === 3,
      'one of them has gone',
    )
    const fifth = await openPeer(t, auth)
    await waitUntil(() => fifth.received.has(frameTypes.settings), 'it is served')
  })

  test('one address opens so many in a time, also such as it leaves at once, and others open theirs', async (t) => {
    const auth = await open(t, { AUTH_GRPC_CONNECTION_RATE: '3/1h' })
    for (let opened = 0; opened < 3; opened += 1) {
      const peer = await openPeer(t, auth)
      await waitUntil(() => peer.received.has(frameTypes.settings), 'it is served')
      await peer[Symbol.asyncDispose]()
    }
    const fourth = await openPeer(t, auth)
    await fourth.closed
    assert.equal(fourth.received.size, 0)
    assert.equal(await refusals(auth, 'connection-rate'), 1)
    const other = await openPeer(t, auth, { from: '127.0.0.3' })
    await waitUntil(() => other.received.has(frameTypes.settings), 'it is served')
    await assertServes(auth)
  })

  test('in all, the connection that was unused longest gives way, one with a call does not', async (t) => {
    const auth = await open(t, { AUTH_GRPC_MAX_CONNECTIONS: '3' })
    const stream = auth.auth.watchRevocations({})
    stream.on('error', () => undefined).resume()
    await waitUntil(
      async () => (await readMetric(auth, 'auth_grpc_connections')) === 1,
      'the good client is there',
    )
    const [second, third] = [
      await openPeer(t, auth, { from: '127.0.0.2' }),
      await openPeer(t, auth, { from: '127.0.0.3' }),
    ]
    const fourth = await openPeer(t, auth, { from: '127.0.0.4' })
    await second.closed
    await waitUntil(() => fourth.received.has(frameTypes.settings), 'it is served')
    assert.equal(third.isClosed, false)
    await assertServes(auth)
    stream.cancel()
  })
})

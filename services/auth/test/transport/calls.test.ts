import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { bounds, CreateUserRequestSchema, UserService } from '@immersiverse/auth-contract'
import {
  flags,
  frameTypes,
  toCallHeaders,
  toFrame,
  toMessage,
} from '../../../../tools/hostile/wire/frames.ts'
import { toUniqueName } from '../open-test-auth.ts'
import { assertRefused, readRefusal } from '../refusals.ts'
import {
  assertServes,
  callPlainly,
  open,
  openPeer,
  readMetric,
  refusals,
  validate,
  waitUntil,
} from './transport-world.ts'

describe('calls that are refused before they are read', () => {
  test('an unknown method, a compressed message and a time-out that is none carry our ErrorInfo', async (t) => {
    const auth = await open(t)
    const unknown = await callPlainly(auth, '/auth.v1.AuthService/Nothing', Buffer.alloc(0))
    assert.deepEqual([unknown.code, readRefusal(unknown).reason], [status.UNIMPLEMENTED, 'UNSUPPORTED_CALL'])
    const peer = await openPeer(t, auth)
    const headers = toCallHeaders(validate, { 'grpc-encoding': 'gzip' })
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 1, headers))
    await waitUntil(
      () => (peer.received.get(frameTypes.headers) ?? 0) === 1,
      'the compressed call is answered',
    )
    const badTimeout = toCallHeaders(validate, { 'grpc-timeout': 'soon' })
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 3, badTimeout))
    await waitUntil(() => (peer.received.get(frameTypes.headers) ?? 0) === 2, 'the odd time-out is answered')
    assert.equal(peer.isClosed, false)
    await assertServes(auth)
  })

  test('a unary message above 64 KiB is refused while it comes in, one of 64 KiB is read', async (t) => {
    const auth = await open(t)
    const tooLarge = await callPlainly(auth, validate, Buffer.alloc(bounds.messageBytes + 1))
    assert.deepEqual(readRefusal(tooLarge).reason, 'MESSAGE_TOO_LARGE')
    const broken = await callPlainly(auth, validate, Buffer.alloc(bounds.messageBytes, 0xff))
    assert.deepEqual(readRefusal(broken).reason, 'MALFORMED_MESSAGE')
    const peer = await openPeer(t, auth)
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 1, toCallHeaders(validate)))
    const message = toMessage(Buffer.alloc(900_000))
    for (let at = 0; at <= bounds.messageBytes; at += 16_000) {
      await peer.send(toFrame(frameTypes.data, flags.none, 1, message.subarray(at, at + 16_000)))
    }
    await waitUntil(() => peer.received.has(frameTypes.headers), 'an answer before the end of the message')
  })

  test('a call without a deadline gets the default, and one with a far deadline the cap', async (t) => {
    const auth = await open(t, { AUTH_GRPC_DEADLINE: '150ms', AUTH_GRPC_DEADLINE_MAX: '300ms' })
    const peer = await openPeer(t, auth)
    const startMs = performance.now()
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 1, toCallHeaders(validate)))
    const far = toCallHeaders(validate, { 'grpc-timeout': '10H' })
    await peer.send(toFrame(frameTypes.headers, flags.endHeaders, 3, far))
    await waitUntil(
      () => (peer.received.get(frameTypes.headers) ?? 0) === 2,
      'both calls end by their deadlines',
    )
    assert.ok(performance.now() - startMs > 250, 'the cap was waited for')
    await waitUntil(async () => (await readMetric(auth, 'auth_grpc_calls')) === 0, 'no call is left')
  })

  test('work whose deadline has passed is not begun', async (t) => {
    const auth = await open(t)
    const peer = await openPeer(t, auth)
    const username = toUniqueName()
    const account = { username, email: `${username}@example.org`, password: 'correct horse battery' }
    const bytes = toBinary(CreateUserRequestSchema, create(CreateUserRequestSchema, account))
    const createUser = `/${UserService.typeName}/CreateUser`
    const send = async (id: number, timeout: string) => {
      const headers = toCallHeaders(createUser, { 'grpc-timeout': timeout })
      const call = toFrame(frameTypes.headers, flags.endHeaders, id, headers)
      await peer.send(
        Buffer.concat([call, toFrame(frameTypes.data, flags.endStream, id, toMessage(Buffer.from(bytes)))]),
      )
      await waitUntil(() => (peer.received.get(frameTypes.headers) ?? 0) >= (id + 1) / 2, 'it is answered')
    }
    const find = () => auth.users.getUser({ by: { case: 'username', value: username } })
    await send(1, '0m')
    await assertRefused(find(), 'NOT_FOUND', 'USER_NOT_FOUND')
    await send(3, '20S')
    assert.equal((await find()).user?.username, username)
  })

  test('more calls than can be held are refused with the time to try again, and health is still answered', async (t) => {
    const auth = await open(t, { AUTH_GRPC_MAX_CALLS: '2' })
    const peer = await openPeer(t, auth, { from: '127.0.0.1' })
    for (const id of [1, 3]) {
      await peer.send(toFrame(frameTypes.headers, flags.endHeaders, id, toCallHeaders(validate)))
    }
    await waitUntil(async () => (await readMetric(auth, 'auth_grpc_calls')) === 2, 'both are open')
    const refusal = readRefusal(await callPlainly(auth, validate, Buffer.alloc(0)))
    assert.deepEqual(
      [refusal.code, refusal.reason, refusal.retryMs],
      ['RESOURCE_EXHAUSTED', 'TOO_MANY_CALLS', 1000],
    )
    assert.equal(await callPlainly(auth, '/grpc.health.v1.Health/Check', Buffer.alloc(0)), null)
    await peer[Symbol.asyncDispose]()
    await waitUntil(
      async () => (await readMetric(auth, 'auth_grpc_calls')) === 0,
      'they end with their connection',
    )
    await assertServes(auth)
  })

  test('where there are too many, a call whose request does not come gives way to an address with fewer', async (t) => {
    const auth = await open(t, { AUTH_GRPC_MAX_CALLS: '2' })
    const peer = await openPeer(t, auth)
    for (const id of [1, 3]) {
      await peer.send(toFrame(frameTypes.headers, flags.endHeaders, id, toCallHeaders(validate)))
    }
    await waitUntil(async () => (await readMetric(auth, 'auth_grpc_calls')) === 2, 'both are open')
    await assertServes(auth)
    await waitUntil(() => peer.received.has(frameTypes.headers), 'one of them was refused')
    assert.equal(await refusals(auth, 'stalled-call'), 1)
  })

  test('an answer that is not read is given up after its deadline', async (t) => {
    const auth = await open(t, { AUTH_GRPC_DEADLINE: '100ms' })
    // SETTINGS_INITIAL_WINDOW_SIZE 0: nothing may be sent to it.
    const peer = await openPeer(t, auth, { settings: { 4: 0 } })
    const headers = toFrame(frameTypes.headers, flags.endHeaders, 1, toCallHeaders(validate))
    await peer.send(
      Buffer.concat([headers, toFrame(frameTypes.data, flags.endStream, 1, toMessage(Buffer.alloc(0)))]),
    )
    await waitUntil(
      () => peer.received.has(frameTypes.headers),
      'the call is answered as far as the window allows',
    )
    await waitUntil(() => peer.received.has(frameTypes.reset), 'the rest of the answer is given up')
    assert.equal(await refusals(auth, 'stalled-call'), 1)
  })
})

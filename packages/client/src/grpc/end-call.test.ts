import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { after, beforeEach, test } from 'node:test'
import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { type ServiceError, status } from '@grpc/grpc-js'
import { ErrorInfoSchema, StatusSchema } from '@immersiverse/auth-contract'
import { openLiveService } from '../test/open-live-service.ts'
import { waitUntil } from '../test/wait-until.ts'

const live = await openLiveService()
const { auth, authServer, seen, logged, revoked, watch, talk, upload, opened } = live
after(() => live[Symbol.asyncDispose]())
beforeEach(() => live.reset())

function readReason(error: ServiceError): unknown[] {
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  const [detail] = fromBinary(StatusSchema, bytes as Buffer).details
  const info = detail && anyUnpack(detail, ErrorInfoSchema)
  return [status[error.code], info?.domain, info?.reason, info?.metadata.validation_reason]
}

const isRevoked = (error: unknown) => {
  const refusal = ['UNAUTHENTICATED', 'auth.immersiverse', 'INVALID_ACCESS_TOKEN', 'REVOKED']
  assert.deepEqual(readReason(error as ServiceError), refusal)
  return true
}

test('a revoked bidi call ends with the refusal, and its handler sees the signal, close and cancelled', async () => {
  const stream = talk().resume()
  stream.write('a')
  await waitUntil('the handler runs', () => seen.includes('Talk heard a'))
  revoked.add('user1')
  const [error] = await once(stream, 'error')
  isRevoked(error)
  await waitUntil('grpc-js is done', () => seen.includes('Talk cancelled'))
  assert.deepEqual(seen.toSorted(), ['Talk aborted', 'Talk cancelled', 'Talk close', 'Talk heard a'])
  assert.equal(auth.status().calls.open, 0)
})

test('a revoked server stream ends with the refusal though its handler goes on writing', async () => {
  const stream = watch()
  stream.resume()
  await opened()
  revoked.add('user1')
  const [error] = await once(stream, 'error')
  isRevoked(error)
  await waitUntil('grpc-js is done', () => seen.includes('Watch cancelled'))
  assert.deepEqual(logged, [])
  assert.equal(auth.status().calls.open, 0)
})

test('a revoked client stream ends with the refusal, and the answer its handler still gives goes nowhere', async () => {
  const { stream, answer } = upload()
  stream.write('a')
  await opened()
  revoked.add('user1')
  await assert.rejects(answer, isRevoked)
  await opened(0)
})

test('a client that does not read is ended too: what waits in the handler is dropped, the refusal is not', async (t) => {
  const session = connect(`http://${live.address}`)
  t.after(() => session.destroy())
  const stream = session.request({
    ':method': 'POST',
    ':path': '/live.v1.LiveService/Flood',
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: 'Bearer user1',
  })
  const trailers = once(stream, 'trailers')
  stream.end(Buffer.from([0, 0, 0, 0, 2, ...Buffer.from('go')]))
  await opened()
  revoked.add('user1')
  await waitUntil('the handler sees the end', () => seen.includes('Flood close'))
  assert.equal(auth.status().calls.open, 0)
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  const [{ 'grpc-status': code }] = await trailers
  assert.equal(Number(code), status.UNAUTHENTICATED)
  assert.ok(bytes < 1_000_000, `${bytes} of 2,000,000 bytes came`)
})

test('what a client sends after its revocation is not heard', async () => {
  const stream = talk().resume()
  stream.write('a')
  await waitUntil('the handler runs', () => seen.includes('Talk heard a'))
  revoked.add('user1')
  stream.on('error', () => undefined)
  await waitUntil('the handler sees the end', () => seen.includes('Talk close'))
  stream.write('b')
  const other = talk('Iterate', 'user2')
  other.end('c')
  assert.deepEqual(await once(other, 'data'), ['c'])
  assert.ok(!seen.includes('Talk heard b'))
})

test('a handler that iterates is not said to have thrown', async () => {
  const stream = talk('Iterate').resume()
  stream.write('a')
  await opened()
  revoked.add('user1')
  const [error] = await once(stream, 'error')
  isRevoked(error)
  assert.deepEqual(logged, [])
})

test('R8 somebody else’s call goes on', async () => {
  const other = talk('Talk', 'user2')
  other.on('error', () => undefined)
  const stream = talk().resume()
  await opened(2)
  revoked.add('user1')
  await once(stream, 'error')
  other.write('still here')
  const [text] = await once(other, 'data')
  assert.equal(text, 'still here')
  other.end()
  await opened(0)
})

test('the signal works in a unary call, which itself is not ended', async () => {
  const answered = live.wait()
  await opened()
  revoked.add('user1')
  assert.equal(await answered, 'aborted: REVOKED')
  await opened(0)
})

test('R7 when ValidateToken cannot be reached a call ends with UNAVAILABLE, not as revoked', async () => {
  const stream = talk().resume()
  await opened()
  const before = auth.status().calls.ended.AUTH_UNREACHABLE ?? 0
  const answerNow = authServer.onBatch
  authServer.onBatch = (batches) => batches.emit('error', { code: status.UNAVAILABLE, details: 'x' })
  const [error] = await once(stream, 'error')
  authServer.onBatch = answerNow
  assert.deepEqual(readReason(error), ['UNAVAILABLE', 'auth.immersiverse', 'AUTH_UNAVAILABLE', undefined])
  assert.equal(auth.status().calls.ended.AUTH_UNREACHABLE, before + 1)
})

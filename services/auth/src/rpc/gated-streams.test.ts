import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, it } from 'node:test'
import type { Client } from '@grpc/grpc-js'
import { makeGrpcClient } from '@immersiverse/auth-client/grpc'
import { EventService } from '@immersiverse/auth-contract'
import { waitUntil } from '../../../../packages/client/src/test/wait-until.ts'
import { knock, toEnding } from '../../test/knock.ts'
import { AuthError } from '../domain/errors.ts'
import {
  chat,
  deadlineMs,
  openGatedServer,
  prove,
  reflection,
  tell,
  toNamedRules,
  type Watch,
  watchName,
} from './test/open-gated-server.ts'

const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }
const toEvent = (position: string) => ({ item: { case: 'event', value: { position } } }) as const

describe('a stream of answers', { timeout: 2 * deadlineMs }, () => {
  const untilAborted: Watch = async function* (_, signal) {
    yield toEvent('first')
    const aborted = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => aborted.resolve())
    if (!signal.aborted) await aborted.promise
  }

  it('gives all of them, ends with the last, and is let go', async (t) => {
    const stream: Watch = async function* () {
      yield toEvent('one')
      yield toEvent('two')
    }
    const { watch, finished, countHeld } = await openGatedServer(t, { stream })
    const { answers, ended } = watch()
    assert.equal(await ended, 'OK')
    assert.deepEqual(answers, ['one', 'two'])
    await waitUntil('the stream is let go', () => countHeld() === 0)
    assert.deepEqual(tell(finished), [[watchName, chat, undefined]])
  })

  it('is not begun for a caller that may not have it, nor by bytes that are no request', async (t) => {
    const { client, watch, finished } = await openGatedServer(t)
    assert.deepEqual(await watch(prove('other')).ended, denied)
    const malformed = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }
    assert.deepEqual(await knock(client, watchName, prove().metadata), malformed)
    assert.deepEqual(tell(finished), [
      [watchName, 'spiffe://immersiverse/other', 'CALLER_NOT_ALLOWED'],
      [watchName, chat, 'MALFORMED_MESSAGE'],
    ])
  })

  it('takes what it costs from the limit of its caller, one call where nothing is said', async (t) => {
    const stream: Watch = async function* () {}
    const rules = toNamedRules({ limit: { perSecond: 1e-6, burst: 3 } })
    for (const [cost, count] of [
      [undefined, 3],
      [3, 1],
    ] as const) {
      const { watch } = await openGatedServer(t, { stream, rules, ...(cost ? { cost } : {}) })
      for (let n = 0; n < count; n++) assert.equal(await watch().ended, 'OK')
      assert.deepEqual(await watch().ended, { code: 'RESOURCE_EXHAUSTED', reason: 'CALLER_LIMITED' })
    }
  })

  it('ends when its caller may not have it any more', async (t) => {
    const { gate, watch, finished } = await openGatedServer(t, { stream: untilAborted })
    const { answers, ended } = watch()
    await waitUntil('the first answer', () => answers.length === 1)
    gate.setRules(toNamedRules({ grants: new Map() }))
    assert.deepEqual(await ended, denied)
    assert.deepEqual(tell(finished), [[watchName, chat, 'CALLER_NOT_ALLOWED']])
  })

  it('ends in order when the server stops, and when nobody listens any more', async (t) => {
    const { calls, watch, finished } = await openGatedServer(t, { stream: untilAborted })
    const left = watch()
    await waitUntil('the first answer', () => left.answers.length === 1)
    left.cancel()
    await waitUntil('the stream is told of', () => finished.length === 1)
    const stopped = watch()
    await waitUntil('the first answer', () => stopped.answers.length === 1)
    await calls.drain()
    assert.equal(await stopped.ended, 'OK')
    assert.deepEqual(tell(finished), [
      [watchName, chat, undefined],
      [watchName, chat, undefined],
    ])
  })

  it('ends in order when the server stops, also where what it waits for is broken off', async (t) => {
    const stream: Watch = async function* (_, signal) {
      yield toEvent('first')
      await once(new EventEmitter(), 'never', { signal })
    }
    const { calls, watch } = await openGatedServer(t, { stream })
    const { answers, ended } = watch()
    await waitUntil('the first answer', () => answers.length === 1)
    await calls.drain()
    assert.equal(await ended, 'OK')
  })

  it('ends with what it throws', async (t) => {
    // biome-ignore lint/correctness/useYield: it fails before its first answer
    const stream: Watch = async function* () {
      throw new AuthError('EVENTS_NOT_KEPT')
    }
    const { watch } = await openGatedServer(t, { stream })
    assert.deepEqual(await watch().ended, { code: 'OUT_OF_RANGE', reason: 'EVENTS_NOT_KEPT' })
  })

  it('waits for a reader that takes its time', async (t) => {
    let made = 0
    const stream: Watch = async function* () {
      for (; made < 1_000; made++) yield toEvent('x'.repeat(10_000))
    }
    const { client, calls } = await openGatedServer(t, { stream })
    const call = makeGrpcClient(EventService, client).watchEvents({}, { ...prove(), deadlineMs })
    call.on('error', () => undefined)
    call.pause()
    await waitUntil('the first answers', () => made > 0)
    assert.ok(made < 1_000, `${made}`)
    let taken = 0
    call.on('data', () => {
      taken += 1
    })
    call.resume()
    await waitUntil('the last answer', () => taken === 1_000, deadlineMs)
    await calls.drain()
  })
})

describe('reflection', { timeout: 2 * deadlineMs }, () => {
  const ask = (client: Client, name?: string) => {
    const asIs = (bytes: Buffer) => bytes
    const call = client.makeBidiStreamRequest(`/${reflection}`, asIs, asIs, prove(name).metadata, {
      deadline: Date.now() + deadlineMs,
    })
    const answers: string[] = []
    const ended = new Promise<unknown>((resolve) => {
      call.on('data', (bytes: Buffer) => answers.push(bytes.toString('latin1')))
      call.on('error', (error) => resolve(toEnding(error as never)))
      call.on('end', () => resolve('OK'))
    })
    // list_services: ""
    call.write(Buffer.of(0x3a, 0))
    return { answers, ended, call }
  }

  it('lets go of a caller that has gone', async (t) => {
    const { client, countHeld } = await openGatedServer(t)
    const { answers, call } = ask(client)
    await waitUntil('the answer', () => answers.length === 1)
    call.cancel()
    await waitUntil('the stream is let go', () => countHeld() === 0)
  })

  it('shows the services to a caller that may see them', async (t) => {
    const { client, countHeld } = await openGatedServer(t)
    const { answers, ended, call } = ask(client)
    await waitUntil('the answer', () => answers.length === 1)
    assert.match(answers[0] ?? '', /auth\.v1\.UserService/)
    assert.equal(countHeld(), 1)
    call.end()
    assert.equal(await ended, 'OK')
    await waitUntil('the stream is let go', () => countHeld() === 0)
  })

  it('shows them to nobody else', async (t) => {
    const { client, finished } = await openGatedServer(t)
    assert.deepEqual(await ask(client, 'other').ended, denied)
    assert.deepEqual(tell(finished), [[reflection, 'spiffe://immersiverse/other', 'CALLER_NOT_ALLOWED']])
  })

  it('ends when its caller may not see them any more', async (t) => {
    const { client, gate } = await openGatedServer(t)
    const { answers, ended } = ask(client)
    await waitUntil('the answer', () => answers.length === 1)
    gate.setRules(toNamedRules({ grants: new Map() }))
    assert.deepEqual(await ended, denied)
  })
})

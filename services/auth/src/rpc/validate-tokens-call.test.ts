import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ServiceError } from '@grpc/grpc-js'
import { makeGrpcClient } from '@immersiverse/auth-client/grpc'
import {
  AuthService,
  bounds,
  type ValidateTokensResponse,
  ValidationReason,
} from '@immersiverse/auth-contract'
import { waitUntil } from '../../../../packages/client/src/test/wait-until.ts'
import { knock, toEnding } from '../../test/knock.ts'
import {
  chat,
  deadlineMs,
  type GatedWorld,
  openGatedServer,
  prove,
  tell,
  toNamedRules,
  validateName,
} from './test/open-gated-server.ts'

type Wish = Pick<GatedWorld, 'rules' | 'lookUp'> & { readonly name?: string }

/** Look-ups that wait until they are let go, and how many wait. */
function makeGatedLookUp() {
  const { promise, resolve: letGo } = Promise.withResolvers<void>()
  const counts = { waiting: 0 }
  const lookUp = async () => {
    counts.waiting += 1
    await promise
  }
  return { lookUp, letGo, counts }
}

/** A stream of questions as `name` to a server with these rules. */
async function ask(
  t: TestContext,
  { rules = toNamedRules({}), name = 'chat', lookUp = async () => {} }: Wish = {},
) {
  const server = await openGatedServer(t, { rules, lookUp })
  const call = makeGrpcClient(AuthService, server.client).validateTokens({ ...prove(name), deadlineMs })
  const answers: ValidateTokensResponse[] = []
  const ended = new Promise<unknown>((resolve) => {
    call.on('data', (answer) => answers.push(answer))
    call.on('error', (error: ServiceError) => resolve(toEnding(error)))
    call.on('end', () => resolve('OK'))
  })
  const send = (correlationId: bigint, ...tokens: readonly string[]) =>
    void call.write({ correlationId, requests: tokens.map((accessToken) => ({ accessToken })) })
  return { ...server, answers, ended, send, end: () => call.end(), cancel: () => call.cancel() }
}

const limited = { code: 'RESOURCE_EXHAUSTED', reason: 'CALLER_LIMITED' }
const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }

describe('a stream of questions', { timeout: 2 * deadlineMs }, () => {
  it('answers every batch, whatever its tokens are, and ends when no more is asked', async (t) => {
    const { answers, ended, send, end, finished, countHeld } = await ask(t)
    send(7n, 'mina', 'nonsense', 'jun')
    send(8n)
    end()
    assert.equal(await ended, 'OK')
    const of = (id: bigint) => answers.find(({ correlationId }) => correlationId === id)?.responses
    assert.deepEqual(
      of(7n)?.map(({ principal, valid, reason }) => [valid, reason, principal !== undefined]),
      [
        [true, ValidationReason.UNSPECIFIED, true],
        [false, ValidationReason.MALFORMED, false],
        [true, ValidationReason.UNSPECIFIED, true],
      ],
    )
    assert.deepEqual(of(8n), [])
    assert.deepEqual(tell(finished), [[validateName, chat, undefined]])
    assert.equal(countHeld(), 0)
  })

  it('answers more batches than may wait at a time', async (t) => {
    const { answers, ended, send, end } = await ask(t)
    for (let n = 1n; n <= 200n; n++) send(n, 'mina')
    end()
    assert.equal(await ended, 'OK')
    assert.equal(new Set(answers.map(({ correlationId }) => correlationId)).size, 200)
  })

  it('is not begun for a caller that may not ask', async (t) => {
    const { answers, ended, send, finished } = await ask(t, { name: 'other' })
    send(1n, 'mina')
    assert.deepEqual(await ended, denied)
    assert.deepEqual(answers, [])
    assert.deepEqual(tell(finished), [[validateName, 'spiffe://immersiverse/other', 'CALLER_NOT_ALLOWED']])
  })

  it('takes each question from the limit of its caller', async (t) => {
    const rules = toNamedRules({ limit: { perSecond: 1e-6, burst: 5 } })
    const { answers, ended, send, finished } = await ask(t, { rules })
    send(1n, 'mina', 'jun', 'mina', 'jun')
    await waitUntil('the answer', () => answers.length === 1)
    send(2n, 'mina')
    assert.deepEqual(await ended, limited)
    assert.equal(answers.length, 1)
    assert.deepEqual(tell(finished), [[validateName, chat, 'CALLER_LIMITED']])
  })

  it('ends at a batch that is too large, and at a question that cannot be answered', async (t) => {
    const large = await ask(t)
    large.send(1n, ...Array.from({ length: bounds.validateBatch + 1 }, () => 'mina'))
    assert.deepEqual(await large.ended, { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' })
    const outage = await ask(t)
    outage.send(1n, 'mina', 'outage')
    assert.deepEqual(await outage.ended, { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' })
  })

  it('ends at bytes that are no batch', async (t) => {
    const { client } = await openGatedServer(t)
    const malformed = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }
    assert.deepEqual(await knock(client, validateName, prove().metadata), malformed)
  })

  it('ends when its caller may not ask any more', async (t) => {
    const { answers, ended, send, gate, finished } = await ask(t)
    send(1n, 'mina')
    await waitUntil('the answer', () => answers.length === 1)
    gate.setRules(toNamedRules({ grants: new Map() }))
    assert.deepEqual(await ended, denied)
    assert.deepEqual(tell(finished), [[validateName, chat, 'CALLER_NOT_ALLOWED']])
  })

  it('ends in order when the server stops', async (t) => {
    const { answers, ended, send, calls } = await ask(t)
    send(1n, 'mina')
    await waitUntil('the answer', () => answers.length === 1)
    await calls.drain()
    assert.equal(await ended, 'OK')
  })

  it('answers what it has read before it ends in order when the server stops', async (t) => {
    const { answers, ended, send, calls, finished } = await ask(t)
    for (let n = 1n; n <= 20n; n++) send(n, 'mina', 'jun')
    await waitUntil('the first answer', () => answers.length > 0)
    await calls.drain()
    assert.equal(await ended, 'OK')
    for (const { responses } of answers) assert.equal(responses.length, 2)
    assert.deepEqual(tell(finished), [[validateName, chat, undefined]])
  })

  it('waits for what is looked up when the server stops, or when no more is asked', async (t) => {
    for (const stop of ['server', 'caller'] as const) {
      const { lookUp, letGo, counts } = makeGatedLookUp()
      const { answers, ended, send, end, calls, finished } = await ask(t, { lookUp })
      send(1n, 'mina')
      send(2n, 'mina')
      await waitUntil('the look-ups', () => counts.waiting === 2)
      const stopped = stop === 'server' ? calls.drain() : end()
      letGo()
      assert.equal(await ended, 'OK')
      await stopped
      assert.equal(answers.length, 2, stop)
      assert.deepEqual(tell(finished), [[validateName, chat, undefined]])
    }
  })

  it('is read no further while 64 batches wait, and again when they are answered', async (t) => {
    const { lookUp, letGo, counts } = makeGatedLookUp()
    const { answers, ended, send, end } = await ask(t, { lookUp })
    for (let n = 1n; n <= 300n; n++) send(n, 'mina')
    await waitUntil('64 look-ups', () => counts.waiting === 64)
    // As long as a whole call takes: whatever would still be read is read by then.
    const other = await ask(t)
    other.send(1n, 'mina')
    await waitUntil('the answer', () => other.answers.length === 1)
    assert.equal(counts.waiting, 64)
    letGo()
    end()
    assert.equal(await ended, 'OK')
    assert.equal(answers.length, 300)
  })

  it('is told of once, whatever is still to be answered when it ends', async (t) => {
    const { ended, send, finished } = await ask(t)
    for (let n = 1n; n <= 20n; n++) send(n, 'mina', n === 3n ? 'outage' : 'jun')
    send(21n, 'outage')
    assert.deepEqual(await ended, { code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' })
    assert.deepEqual(tell(finished), [[validateName, chat, 'DATABASE_UNAVAILABLE']])
  })

  it('holds up nothing once its caller has gone', async (t) => {
    const { answers, send, cancel, calls, countHeld } = await ask(t)
    send(1n, 'mina')
    await waitUntil('the answer', () => answers.length === 1)
    cancel()
    await calls.drain()
    await waitUntil('the stream is let go', () => countHeld() === 0)
  })
})

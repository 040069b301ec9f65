import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { ServiceError } from '@grpc/grpc-js'
import { type ValidateTokensResponse, ValidationReason } from '@immersiverse/auth-contract'
import { readRefusal } from './refusals.ts'
import { describeOnStores } from './stores.ts'

describeOnStores('ValidateTokens', (context) => {
  test('every batch is answered under its id, each question in its place', async () => {
    const person = await context.auth.signUp()
    const [live, ended] = [await context.auth.logIn(person), await context.auth.logIn(person)]
    await context.auth.auth.logout({ token: { case: 'accessToken', value: ended.accessToken } })
    const stream = context.auth.auth.validateTokens()
    const questions = [live, ended, live].map(({ accessToken }) => ({ accessToken }))
    for (let id = 1n; id <= 20n; id += 1n) stream.write({ correlationId: id, requests: questions })
    stream.write({ correlationId: 2n ** 63n, requests: [] })
    stream.end()
    const answers: ValidateTokensResponse[] = await stream.toArray()
    const ids = answers.map(({ correlationId }) => correlationId).sort((a, b) => (a < b ? -1 : 1))
    assert.deepEqual(ids, [...Array.from({ length: 20 }, (_, n) => BigInt(n + 1)), 2n ** 63n])
    for (const { responses, correlationId } of answers) {
      const reasons = responses.map(({ reason }) => reason)
      const { UNSPECIFIED: none, REVOKED } = ValidationReason
      assert.deepEqual(reasons, correlationId > 20n ? [] : [none, REVOKED, none])
      for (const { valid, principal } of responses)
        assert.equal(principal?.userId, valid ? person.id : undefined)
    }
  })

  test('a stream that is idle sees a logout that happens between two batches', async () => {
    const { accessToken } = await context.auth.logIn(await context.auth.signUp())
    const stream = context.auth.auth.validateTokens()
    const ask = async () => {
      stream.write({ correlationId: 1n, requests: [{ accessToken }] })
      const [answer] = (await once(stream, 'data')) as [ValidateTokensResponse]
      return answer.responses[0]?.reason
    }
    assert.equal(await ask(), ValidationReason.UNSPECIFIED)
    await context.auth.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    assert.equal(await ask(), ValidationReason.REVOKED)
    stream.end()
    await stream.toArray()
  })

  test('a batch of more than 256 questions ends the stream with the field named', async () => {
    const stream = context.auth.auth.validateTokens()
    stream.write({ correlationId: 1n, requests: Array.from({ length: 257 }, () => ({ accessToken: 'x' })) })
    const [error] = (await once(stream.resume(), 'error').catch((thrown) => [thrown])) as [ServiceError]
    const { code, reason, fields } = readRefusal(error)
    assert.deepEqual(
      { code, reason, fields },
      { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', fields: ['requests'] },
    )
  })
})

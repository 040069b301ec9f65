import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { ValidateTokensRequestSchema } from '@immersiverse/auth-contract'
import fc from 'fast-check'
import { encodeValidateTokensRequest, toQuestionBytes } from './encode-validate-tokens-request.ts'

const text = fc.string({ unit: 'binary', maxLength: 300 })
const question = fc.record({
  accessToken: fc.oneof(text, fc.string({ minLength: 500, maxLength: 20_000 })),
  audience: text,
  requiredRoles: fc.array(text, { maxLength: 4 }),
})

test('the bytes are those of protobuf-es, for any texts, empty ones and large ids', () => {
  const id = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
  fc.assert(
    fc.property(id, fc.array(question, { maxLength: 5 }), (correlationId, questions) => {
      const requests = questions.map(({ requiredRoles, ...rest }) => ({
        ...rest,
        requiredRoles: [...requiredRoles],
      }))
      const message = create(ValidateTokensRequestSchema, { correlationId: BigInt(correlationId), requests })
      const expected = Buffer.from(toBinary(ValidateTokensRequestSchema, message))
      assert.deepEqual(encodeValidateTokensRequest(correlationId, questions), expected)
    }),
  )
})

test('the size of a question is what it adds to a message', () => {
  fc.assert(
    fc.property(question, (one) => {
      const empty = encodeValidateTokensRequest(7, []).length
      assert.equal(encodeValidateTokensRequest(7, [one]).length, empty + toQuestionBytes(one))
    }),
  )
})

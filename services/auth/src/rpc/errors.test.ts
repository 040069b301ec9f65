import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyUnpack, durationMs } from '@bufbuild/protobuf/wkt'
import { RetryInfoSchema } from '@immersiverse/auth-contract'
import { AuthError } from '../domain/errors.ts'
import { toGrpcError, toStatus } from './errors.ts'

test('a time to try again that is no whole number of milliseconds is told, rounded up', () => {
  const error = new AuthError('PLATFORM_UNAVAILABLE', { retryAfterMs: 912.1234 })
  const retries = toStatus(error).details.flatMap((detail) => anyUnpack(detail, RetryInfoSchema) ?? [])
  assert.deepEqual(
    retries.map(({ retryDelay }) => retryDelay && durationMs(retryDelay)),
    [913],
  )
  assert.equal(toGrpcError(error).code, 14)
})

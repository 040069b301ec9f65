import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { Metadata } from '@grpc/grpc-js'

import { AuthService } from '@immersiverse/auth-contract'
import { makeAssertions } from '../../../../packages/client/src/grpc/make-assertions.ts'
import { addCaller } from '../../src/compose/add-caller.ts'
import { callRaw } from '../bad-input/raw-call.ts'
import { toId } from '../open-mtls-auth.ts'
import { openTestAuth, type TestAuthOptions } from '../open-test-auth.ts'
import type { Canaries } from './canaries.ts'

const method = AuthService.method.getRevocationStatus

/** Calls an instance that knows its callers by assertions alone: good ones, expired ones, those of nobody, and what is none. */
export async function callWithAssertions(options: TestAuthOptions, canaries: Canaries): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'))
  try {
    const file = join(folder, 'callers.yaml')
    const allow = ['auth.v1.AuthService/GetRevocationStatus']
    const key = JSON.parse(
      (await addCaller({ file, id: toId('canary'), allow, keyFile: undefined })).privateJwk,
    )
    canaries.plantBytes("caller's key", Buffer.from(key.d, 'base64url'))
    await using auth = await openTestAuth({
      ...options,
      environment: { ...options.environment, AUTH_CALLERS_FILE: file, AUTH_CALLER_ASSERTIONS: 'true' },
    })
    const make = (id: string, nowMs: () => number) => {
      const parts = { nowMs, newId: () => canaries.make('jti') }
      return makeAssertions({ id, key, audience: 'http://localhost:8080' }, parts)()
    }
    const call = async (assertion: string) => {
      const metadata = new Metadata()
      metadata.set('authorization', `Bearer ${assertion}`)
      const body = toBinary(method.input, create(method.input))
      const answer = await callRaw(auth.channel, method, body, metadata)
      return Buffer.isBuffer(answer) ? 'OK' : answer.reason
    }
    const wrong = 'CALLER_NOT_AUTHENTICATED'
    const cases: [string, string][] = [
      [make(toId('canary'), Date.now), 'OK'],
      [make(toId('canary'), () => Date.now() - 3_600_000), wrong],
      [make(toId('nobody'), Date.now), wrong],
      [canaries.make('assertion'), wrong],
    ]
    for (const [assertion, expected] of cases) {
      canaries.plant('assertion', assertion)
      const [, , signature] = assertion.split('.')
      if (signature) canaries.plant('signature of an assertion', signature)
      assert.equal(await call(assertion), expected)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

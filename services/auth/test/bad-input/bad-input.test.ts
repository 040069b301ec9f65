import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { create, type DescMethod, type DescService, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import * as contract from '@immersiverse/auth-contract'
import { bounds, errorDomain } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import type { Refusal } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { type BadKind, listBadBytes } from './bad-messages.ts'
import { type GoodRequests, isDocumented, makeGoodRequests, platformEnvironment } from './good-requests.ts'
import { makeRandomBytes } from './random-bytes.ts'
import { callRaw } from './raw-call.ts'

const isService = (value: unknown): value is DescService =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service'
const services: DescService[] = Object.values<unknown>(contract).filter(isService)
const methods = services.flatMap((service) => service.methods)

/** What must come of a kind; the others must only be answered as documented. */
const certain: Partial<Record<BadKind, string>> = {
  'broken bytes': 'MALFORMED_MESSAGE',
  'invalid UTF-8': 'MALFORMED_MESSAGE',
  'an enum value that is none': 'INVALID_FIELD',
}

describeOnStores(
  'Bad input',
  (context) => {
    let good: GoodRequests = {}
    before(async () => {
      good = await makeGoodRequests(context.auth)
    })

    const toGoodBytes = (method: DescMethod) => {
      const make = good[method.name]
      if (make === undefined) throw new Error(`good-requests.ts has no request for ${method}`)
      return toBinary(method.input, create(method.input, make()))
    }

    /** Calls, and asserts what holds of every answer: documented, ours, and nothing written where it is a refusal. */
    async function call(method: DescMethod, bytes: Uint8Array, what: string): Promise<Refusal | undefined> {
      const before = await countRows()
      const answer = await callRaw(context.auth.channel, method, bytes)
      if (Buffer.isBuffer(answer)) return undefined
      assert.equal(answer.domain, errorDomain, what)
      assert.ok(isDocumented(method.name, answer.reason), `${what}: ${answer.code} ${answer.reason}`)
      assert.deepEqual(await countRows(), before, `${what}: refused, and yet something was written`)
      return answer
    }

    for (const method of methods) {
      const kinds = Map.groupBy(listBadBytes(method.input), ({ kind }) => kind)
      for (const [kind, cases] of kinds) {
        const reason = certain[kind]
        test(`${method.name} with ${kind} (${cases.length}) ${reason ? `is ${reason}` : 'is answered as documented'}`, async () => {
          for (const { name, bytes } of cases) {
            const answer = await call(method, Buffer.concat([toGoodBytes(method), bytes]), name)
            if (reason !== undefined) assert.equal(answer?.reason, reason, name)
          }
        })
      }

      test(`${method.name} with nothing, with pieces of a good request and with random bytes is answered as documented`, async () => {
        const bytes = toGoodBytes(method)
        await call(method, new Uint8Array(), 'empty')
        const step = Math.max(1, Math.floor(bytes.length / 40))
        for (let end = 1; end < bytes.length; end += step)
          await call(method, bytes.subarray(0, end), `the first ${end}`)
        for (let seed = 1; seed <= 60; seed += 1) {
          await call(method, makeRandomBytes(seed, 1 + seed * 3), `random bytes of seed ${seed}`)
        }
      })

      test(`${method.name} ignores fields that it does not know`, async () => {
        const unknown = new BinaryWriter()
          .tag(1000, WireType.Varint)
          .uint32(7)
          .tag(1001, WireType.LengthDelimited)
        unknown.string('new').tag(1002, WireType.Bit32).fixed32(7).tag(1003, WireType.Bit64).fixed64(7n)
        unknown.tag(1004, WireType.StartGroup).tag(1, WireType.Varint).uint32(7).tag(1004, WireType.EndGroup)
        const without = await call(method, toGoodBytes(method), 'a good request')
        const answer = await call(
          method,
          Buffer.concat([toGoodBytes(method), unknown.finish()]),
          'unknown fields',
        )
        assert.deepEqual(answer, without)
      })

      test(`${method.name} with more bytes than it takes is MESSAGE_TOO_LARGE`, async () => {
        const most = method.methodKind === 'bidi_streaming' ? bounds.batchMessageBytes : bounds.messageBytes
        const pad = (size: number) => {
          const bytes = toGoodBytes(method)
          const left = size - bytes.length
          // A tag of two bytes and a length of three or four.
          const padding = new Uint8Array(left - (left > 2 ** 21 ? 6 : 5))
          const field = new BinaryWriter().tag(1000, WireType.LengthDelimited).bytes(padding).finish()
          assert.equal(field.length, left)
          return Buffer.concat([bytes, field])
        }
        if (most < bounds.batchMessageBytes) {
          for (const size of [most + 1, bounds.batchMessageBytes]) {
            const answer = await call(method, pad(size), `${size} bytes`)
            assert.equal(answer?.reason, 'MESSAGE_TOO_LARGE', `${size} bytes`)
            assert.equal(answer?.code, 'RESOURCE_EXHAUSTED')
          }
        }
        // Above what any method takes the transport refuses before the message is there: by the same status, without details.
        for (const size of [bounds.batchMessageBytes + 1, 4 * bounds.batchMessageBytes]) {
          await assert.rejects(callRaw(context.auth.channel, method, pad(size)), /^Error: RESOURCE_EXHAUSTED/)
        }
      })
    }

    test('the service has served everything in between, and still does', async () => {
      const person = await context.auth.signUp()
      const { accessToken } = await context.auth.logIn(person)
      assert.equal((await context.auth.auth.validateToken({ accessToken })).valid, true)
      const failed = context.auth.logged.filter(({ message }) => message === 'call failed')
      assert.deepEqual(failed, [])
    })

    /** Rows of every table; a refused login is told as an event, as documented. */
    async function countRows(): Promise<Record<string, number>> {
      const { rows } = await sql<Record<string, number>>`
      select (select count(*) from users) as users, (select count(*) from user_logins) as logins,
        (select count(*) from sessions) as sessions, (select count(*) from sessions where ended_at is null) as live,
        (select count(*) from keys) as keys, (select count(*) from request_ids) as requests,
        (select count(*) from user_sequences) as sequences,
        (select count(*) from outbox where event <> 'login_failed') as events,
        (select count(*) from revocations) as revocations,
        (select sum(version + tv) from users)::bigint as versions`.execute(context.auth.database.kysely)
      return rows[0] ?? {}
    }
    // It counts rows of all tables in one statement.
  },
  { onModel: false, environment: platformEnvironment },
)

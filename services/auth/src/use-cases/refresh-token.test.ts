import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openModelInRealTime } from '../../../../tools/simulate/model-database/testing.ts'
import { lateTimes, operator } from '../../test/key-replicas.ts'
import { openTestAuth, type TestAuth } from '../../test/open-test-auth.ts'
import { getVerdict } from '../../test/validations.ts'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { refreshToken } from './refresh-token.ts'
import { rotateKeys } from './rotate-keys.ts'

const client = { clientId: '', deviceName: '' }
const ask = (deps: Deps, token: string, caller: Caller = operator) =>
  refreshToken(deps, caller, { refreshToken: token, client })
const invalid = { name: 'AuthError', reason: 'INVALID_REFRESH_TOKEN' }

describe('refreshing on two instances that read keys only when they have to', () => {
  let first: TestAuth
  let late: TestAuth
  before(async () => {
    const { model } = openModelInRealTime()
    const open = (name: string) =>
      openTestAuth({
        environment: { AUTH_REFRESH_FAILURES_PER_ADDRESS: '2/5m' },
        overrides: { database: model.open(name), settings: { keyTimes: lateTimes } },
      })
    first = await open('first')
    late = await open('late')
  })
  after(async () => {
    await late.close()
    await first.close()
  })

  const logIn = async () => await first.logIn(await first.signUp())
  const rotate = async () => {
    const { keyId } = await rotateKeys(first.deps, operator, { purpose: 'refresh', atOnce: true })
    return keyId
  }
  const readSession = (sessionId: string) =>
    first.database.kysely
      .selectFrom('sessions')
      .selectAll()
      .where('id', '=', sessionId)
      .executeTakeFirstOrThrow()
  /** What the audit trail tells of a session. */
  const listAudited = async (sessionId: string) => {
    const entries = first.database.kysely.selectFrom('audit_log').select('action')
    const found = await entries.where('target_id', '=', sessionId).execute()
    return found.map(({ action }) => action)
  }
  /** Why a session was revoked. */
  const readReason = async (sessionId: string) => {
    const entries = first.database.kysely.selectFrom('revocations').select('reason')
    const { reason } = await entries.where('subject', '=', sessionId).executeTakeFirstOrThrow()
    return reason
  }
  /** A person at an address of their own. */
  const at = (ip: string): Caller => ({ kind: 'anonymous', origin: { ip, userAgent: '' } })

  it('counts what is not valid for its address, and refuses the address after that without asking', async () => {
    const tokens = await logIn()
    const [thief, neighbour] = [at('203.0.113.9'), at('203.0.113.10')]
    let { refreshToken: token } = tokens
    for (const _ of [1, 2, 3]) ({ refreshToken: token } = await ask(first.deps, token, thief))
    const tooMany = { name: 'AuthError', reason: 'TOO_MANY_REFRESHES' }
    for (const wrong of [invalid, invalid, tooMany]) {
      await assert.rejects(ask(first.deps, 'forged', thief), wrong)
    }
    const queries = first.database.queryCount()
    await assert.rejects(ask(first.deps, token, thief), tooMany)
    assert.equal(first.database.queryCount(), queries)
    await ask(first.deps, token, neighbour)
  })

  it('counts nothing where it cannot answer', async () => {
    const { refreshToken: token } = await logIn()
    const person = at('203.0.113.11')
    const outage = new AuthError('DATABASE_UNAVAILABLE')
    const database = new Proxy(first.deps.database, {
      get: () => {
        throw outage
      },
    })
    for (const _ of [1, 2, 3]) {
      await assert.rejects(ask({ ...first.deps, database }, token, person), outage)
    }
    await ask(first.deps, token, person)
  })

  it('lets every refusal take as long, and no answer', async () => {
    const slept: number[] = []
    const { clock: real } = first.deps
    const clock = {
      ...real,
      sleep: async (ms: number) => void slept.push(ms),
      monotonicMs: () => slept.reduce((sum, ms) => sum + ms, real.monotonicMs()),
    }
    const deps = { ...first.deps, clock, settings: { ...first.deps.settings, refreshFloorMs: 600_000 } }
    await ask(deps, (await logIn()).refreshToken)
    assert.deepEqual(slept, [])
    const thief = at('203.0.113.12')
    for (const _ of [1, 2, 3]) await assert.rejects(ask(deps, 'forged', thief))
    assert.equal(slept.length, 3)
    for (const ms of slept) assert.ok(ms > 0 && ms <= 600_000, `${ms}`)
  })

  it('rotates for a user who is reinstated while it asks', async () => {
    const person = await first.signUp()
    const { refreshToken: token, sessionId } = await first.logIn(person)
    const { kysely } = first.database
    const setStatus = (status: 'ACTIVE' | 'SUSPENDED') =>
      kysely.updateTable('users').set({ status }).where('id', '=', person.id).execute()
    await setStatus('SUSPENDED')
    const executeQuery: typeof kysely.executeQuery = async (query) => {
      const found = await kysely.executeQuery(query)
      await setStatus('ACTIVE')
      return found as never
    }
    const database = { kysely: { executeQuery } } as Partial<Deps['database']> as Deps['database']
    const next = await ask({ ...first.deps, database }, token)
    assert.equal(next.sessionId, sessionId)
    assert.equal((await readSession(sessionId)).generation, 2)
    assert.equal((await ask(first.deps, next.refreshToken)).sessionId, sessionId)
  })

  it('T2: repeats an answer whose key another instance has just made', async () => {
    const { refreshToken: token, sessionId } = await logIn()
    const keyId = await rotate()
    const lost = await ask(first.deps, token)
    assert.equal((await readSession(sessionId)).derivation_key_id, keyId)
    assert.equal((await ask(late.deps, token)).refreshToken, lost.refreshToken)
    assert.deepEqual(await listAudited(sessionId), ['session.create', 'session.repeat'])
  })

  it('R10: takes a token of a key that another instance has just made', async () => {
    await rotate()
    const tokens = await logIn()
    assert.equal((await ask(late.deps, tokens.refreshToken)).sessionId, tokens.sessionId)
  })

  it('reads keys that are too old before it makes a token, and others not', async () => {
    const { refreshToken: token, sessionId } = await logIn()
    const { refreshToken: second } = await ask(late.deps, token)
    const { derivation_key_id: before } = await readSession(sessionId)
    const keyId = await rotate()
    const { refreshToken: third } = await ask(late.deps, second)
    assert.equal((await readSession(sessionId)).derivation_key_id, before)
    const keyTimes = { ...lateTimes, ringMaxAgeMs: -1 }
    await ask({ ...late.deps, settings: { ...late.deps.settings, keyTimes } }, third)
    assert.equal((await readSession(sessionId)).derivation_key_id, keyId)
  })

  it('tells the log of a theft, and not of a token that another program shows', async () => {
    const { refreshToken: token, sessionId } = await logIn()
    const listEnded = () =>
      first.logged.filter(
        ({ facts, message }) => message === 'refresh family ended' && facts.sessionId === sessionId,
      )
    const { refreshToken: second } = await ask(first.deps, token)
    const other = { refreshToken: second, client: { ...client, clientId: 'other' } }
    await assert.rejects(refreshToken(first.deps, operator, other), invalid)
    assert.deepEqual(listEnded(), [])
    await ask(first.deps, second)
    await assert.rejects(ask(first.deps, token), invalid)
    assert.deepEqual(
      listEnded().map(({ facts }) => facts.decision),
      ['reuse'],
    )
    assert.deepEqual(await listAudited(sessionId), ['session.create', 'session.reuse'])
    assert.equal(await readReason(sessionId), 'REFRESH_TOKEN_REUSED')
  })

  it('ends a family whose key the database has lost: its holder logs in anew', async () => {
    const tokens = await logIn()
    await ask(first.deps, tokens.refreshToken)
    await first.database.kysely
      .updateTable('sessions')
      .set({ derivation_key_id: '00000000' })
      .where('id', '=', tokens.sessionId)
      .execute()
    for (const _ of [1, 2]) await assert.rejects(ask(first.deps, tokens.refreshToken), invalid)
    assert.equal(await getVerdict(first, tokens.accessToken), 'REVOKED')
    assert.deepEqual(await listAudited(tokens.sessionId), ['session.create', 'session.lose'])
    assert.equal(await readReason(tokens.sessionId), 'REFRESH_TOKEN_LOST')
    const message = 'refresh family ended: the database has lost the key of its token'
    const told = first.logged.filter((line) => line.message === message).map(({ facts }) => facts.sessionId)
    assert.deepEqual(told, [tokens.sessionId])
  })

  it('refuses what is longer than any token is', async () => {
    await assert.rejects(ask(first.deps, 'x'.repeat(100_000)), invalid)
  })
})

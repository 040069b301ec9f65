import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { AuditEntry } from '../domain/audit.ts'
import { openTestModel, testOnBoth, until } from '../store/outbox-testing.ts'
import { openDenialQueue } from './denial-queue.ts'
import { wallClock } from './testing.ts'

const denial: AuditEntry = {
  action: 'call.denied',
  target: { kind: 'method', id: 'auth.v1.UserService/GetUser' },
  outcome: 'DENIED',
  reason: 'NOT_SELF',
}
const caller = { kind: 'anonymous', origin: { ip: '192.0.2.1', userAgent: 'test' } } as const

function makeLog() {
  const lines: string[] = []
  const keep = (_facts: object, message: string) => void lines.push(message)
  return { lines, info: keep, warn: keep, error: keep }
}

testOnBoth('denials reach the trail, those that wait when the service stops too', async (_t, database) => {
  const log = makeLog()
  const queue = openDenialQueue({ database, clock: wallClock, log, newId: randomUUID })
  for (let n = 0; n < 1200; n += 1) queue.add(caller, denial)
  await queue.close()
  const rows = await database.kysely.selectFrom('audit_log').selectAll().execute()
  assert.equal(rows.length, 1200)
  assert.deepEqual(
    [rows[0]?.reason, rows[0]?.ip, rows[0]?.actor_kind],
    ['NOT_SELF', '192.0.2.1', 'ANONYMOUS'],
  )
  assert.deepEqual([queue.dropped, log.lines], [0, []])
})

testOnBoth('texts lose control characters and what is too long', async (_t, database) => {
  const queue = openDenialQueue({ database, clock: wallClock, log: makeLog(), newId: randomUUID })
  const userAgent = `a\r\n\u001b[31mb\u0000\u202e\ud800${'x'.repeat(10_000)}`
  queue.add({ ...caller, origin: { ip: '', userAgent } }, denial)
  await queue.close()
  const rows = await database.kysely.selectFrom('audit_log').selectAll().execute()
  assert.match(rows[0]?.user_agent ?? '', /^a\[31mb\ufffdx+$/)
  assert.ok((rows[0]?.user_agent.length ?? 0) <= 512)
})

test('while the database is down denials wait, and beyond the bound they are counted and told once', async (t) => {
  const { database } = openTestModel(t)
  let isDown = true
  const sometimes = {
    kysely: new Proxy(database.kysely, {
      get: (target, name) => {
        if (isDown && name === 'getExecutor') throw new Error('the database is down')
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
  }
  const log = makeLog()
  const queue = openDenialQueue({
    database: sometimes,
    clock: wallClock,
    log,
    newId: randomUUID,
    waitingMax: 5,
  })
  t.after(() => queue.close())
  for (let n = 0; n < 8; n += 1) queue.add(caller, denial)
  assert.equal(queue.dropped, 3)
  await until(() => log.lines.includes('denials cannot be written to the audit trail'))
  assert.deepEqual(log.lines, [
    'denials are left out of the audit trail',
    'denials cannot be written to the audit trail',
  ])
  isDown = false
  const count = async () => (await database.kysely.selectFrom('audit_log').selectAll().execute()).length
  await until(async () => (await count()) === 5)
  queue.add(caller, denial)
  await queue.close()
  assert.deepEqual([await count(), queue.dropped], [6, 3])
})

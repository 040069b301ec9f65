import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openPostgres } from './open-postgres.ts'
import { sharedPostgres } from './shared-postgres.ts'

const shared = await sharedPostgres()
const skip = 'skipReason' in shared ? shared.skipReason : false

describe('a PostgreSQL of the test’s own', { skip }, () => {
  test('keeps what was committed over SIGKILL and a new start on the same port, fsync on', async () => {
    await using postgres = await openPostgres({ settings: { max_connections: '20' } })
    await query(postgres.url, 'create table kept (value int)')
    await query(postgres.url, 'insert into kept values (7)')
    await postgres.kill()
    await assert.rejects(query(postgres.url, 'select 1'), { code: 'ECONNREFUSED' })
    await postgres.start()
    assert.deepEqual(await query(postgres.url, 'select value from kept'), [{ value: 7 }])
    assert.deepEqual(await query(postgres.url, 'show fsync'), [{ fsync: 'on' }])
    assert.deepEqual(await query(postgres.url, 'show max_connections'), [{ max_connections: '20' }])
  })

  test('paused, answers nothing on a connection that is open; resumed, it answers', async () => {
    await using postgres = await openPostgres()
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await postgres.pause()
    const answer = client.query('select 1 as one')
    assert.equal(await Promise.race([answer, sleep(200, 'nothing')]), 'nothing')
    postgres.resume()
    assert.deepEqual((await answer).rows, [{ one: 1 }])
    await client.end()
  })

  test('closed, leaves neither server nor folder', async () => {
    const postgres = await openPostgres()
    assert.ok(existsSync(postgres.dataFolder))
    await postgres.close()
    assert.ok(!existsSync(postgres.dataFolder))
    await assert.rejects(query(postgres.url, 'select 1'), { code: 'ECONNREFUSED' })
  })

  test('that cannot start says why', async () => {
    await assert.rejects(openPostgres({ settings: { shared_buffers: 'plenty' } }), /shared_buffers.*plenty/)
  })
})

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listFaults } from '../../test/list-faults.ts'

const masterKey = Buffer.alloc(32, 7).toString('base64')

test('allows plaintext part by part, and the others are refused as before', () => {
  const parts: Readonly<Record<string, NodeJS.ProcessEnv>> = {
    grpc: { AUTH_GRPC_LISTEN: '0.0.0.0:50051' },
    edge: { AUTH_EDGE_LISTEN: '0.0.0.0:8080' },
    admin: { AUTH_ADMIN_LISTEN: '0.0.0.0:9090' },
    database: { AUTH_MASTER_KEY: masterKey, DATABASE_URL: 'postgres://auth@db.example.org/auth' },
    kafka: { KAFKA_BROKERS: 'kafka.example.org:9092' },
    redis: { REDIS_URL: 'redis://redis.example' },
    issuer: { AUTH_ISSUER: 'http://auth.example', AUTH_EDGE_ORIGINS: 'http://app.example' },
  }
  const all = Object.assign({}, ...Object.values(parts))
  const names = Object.keys(parts)
  const listRefused = (allowed: string) =>
    listFaults({ ...all, AUTH_ALLOW_PLAINTEXT: allowed }).map(
      (fault) => /AUTH_ALLOW_PLAINTEXT=(\w+)/.exec(fault)?.[1] ?? fault,
    )
  const without = (...allowed: string[]) => names.filter((name) => !allowed.includes(name)).toSorted()
  assert.deepEqual([...new Set(listRefused('false'))].toSorted(), without())
  for (const name of names) {
    assert.deepEqual([...new Set(listRefused(name))].toSorted(), without(name), name)
  }
  assert.deepEqual([...new Set(listRefused('edge, kafka'))].toSorted(), without('edge', 'kafka'))
  assert.deepEqual([listRefused(names.join()), listRefused('true')], [[], []])
})

test('refuses words that name no part that may be plaintext', () => {
  for (const [text, word] of [
    ['egde', 'egde'],
    ['edge,true', 'true'],
    ['edge,', ''],
    ['TRUE', 'TRUE'],
  ]) {
    assert.deepEqual(listFaults({ AUTH_ALLOW_PLAINTEXT: text }), [
      `AUTH_ALLOW_PLAINTEXT: "${word}" is none of grpc, edge, admin, database, kafka, redis, issuer; or say true or false alone`,
    ])
  }
})

import pg from 'pg'
import { startMeter } from './start-meter.ts'

/*
 * The limit of a refresh on the database: one-row updates in transactions of their own, `begin`, `update`, `commit`, through a pool as
 * large as the service's. Arguments: seconds, URL, connections, concurrency. Prints its rate as JSON.
 */

const [seconds = '', connectionString = '', connections = '', concurrency = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString, max: Number(connections) })
await pool.query('drop table if exists bench_rows')
await pool.query('create table bench_rows (id integer primary key, n integer not null)')
await pool.query('insert into bench_rows select g, 0 from generate_series(0, 999) g')
const update = { name: 'bench', text: 'update bench_rows set n = n + 1 where id = $1' }

const readRate = startMeter()
const endMs = performance.now() + Number(seconds) * 1000
let count = 0

async function transact(id: number): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query({ ...update, values: [id] })
    await client.query('commit')
  } finally {
    client.release()
  }
}

async function run(slot: number, step: number): Promise<void> {
  for (let id = slot; performance.now() < endMs; id = (id + step) % 1000) {
    await transact(id)
    count += 1
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, (_, slot) => run(slot, Number(concurrency))))
process.stdout.write(JSON.stringify(readRate(count)))
await pool.query('drop table bench_rows')
await pool.end()

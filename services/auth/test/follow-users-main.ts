import { connectAuth, makePostgresUserProjection } from '@immersiverse/auth-client'
import pg from 'pg'

/* A service that keeps all users in its own table, until its parent is gone. */
const { address, brokers, topicPrefix, databaseUrl } = JSON.parse(process.argv[2] ?? '{}')
process.on('disconnect', () => process.exit())

const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
pool.on('error', () => undefined)
const auth = await connectAuth({ address, verification: 'remote', kafka: { brokers, topicPrefix } })
auth.followUsers({ into: makePostgresUserProjection({ pool }) })

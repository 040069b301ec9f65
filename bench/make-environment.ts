import { randomBytes } from 'node:crypto'
import type { BenchDatabase } from './open-bench-database.ts'

/** Where the service under test listens. */
export interface Ports {
  readonly grpc: number
  readonly edge: number
  readonly admin: number
}

/** The settings of the service under test; tokens live long enough for any run. */
export function makeEnvironment(
  database: BenchDatabase,
  ports: Ports,
  dataFolder: string,
): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, NODE_OPTIONS, AUTH_HASHING_THREADS } = process.env
  return {
    PATH,
    HOME,
    TMPDIR,
    NODE_OPTIONS,
    AUTH_HASHING_THREADS: AUTH_HASHING_THREADS ?? '',
    ...(database.url === undefined
      ? {}
      : { DATABASE_URL: database.url, AUTH_MASTER_KEY: randomBytes(32).toString('base64') }),
    AUTH_DATA_DIR: dataFolder,
    AUTH_ACCESS_TTL: '12h',
    AUTH_LOG_LEVEL: 'warn',
    AUTH_GRPC_LISTEN: `127.0.0.1:${ports.grpc}`,
    AUTH_EDGE_LISTEN: `127.0.0.1:${ports.edge}`,
    AUTH_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
  }
}

import { readFileSync } from 'node:fs'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'

/** How the driver is told to connect: by the URL without what it says of TLS, and TLS as it is meant. */
export interface PostgresConnection {
  readonly connectionString: string
  readonly ssl: false | ConnectionOptions
}

/** Parameters of a connection URL that say how it is encrypted. */
const parameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const

/**
 * Reads `sslmode` as libpq documents it, but never as less than it sounds: `require` is `verify-full`, which libpq takes for encrypted and
 * not verified, and the driver for one or the other by version. `sslrootcert` is a file, or `system`, the default: the authorities that
 * Node.js knows. Throws where a file cannot be read, and RangeError for a mode that is none of disable, require, verify-ca, verify-full.
 */
export function toPostgresConnection(url: string): PostgresConnection {
  const bare = new URL(url)
  const [mode, root, cert, key] = parameters.map((name) => bare.searchParams.get(name))
  for (const name of parameters) bare.searchParams.delete(name)
  const connectionString = bare.href
  if (mode === null || mode === 'disable') return { connectionString, ssl: false }
  if (mode !== 'require' && mode !== 'verify-ca' && mode !== 'verify-full') {
    throw new RangeError(`sslmode=${mode} may not be encrypted: say verify-full, or disable`)
  }
  const ssl: ConnectionOptions = {
    rejectUnauthorized: true,
    // By the URL: the driver tells TLS no name where the host is an address.
    checkServerIdentity: (_host, certificate) =>
      mode === 'verify-ca' ? undefined : checkServerIdentity(toHost(bare), certificate),
    ...(root ? toRoot(root) : {}),
    ...(cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : {}),
  }
  return { connectionString, ssl }
}

function toRoot(root: string): ConnectionOptions {
  return root === 'system' ? {} : { ca: readFileSync(root) }
}

function toHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

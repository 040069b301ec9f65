import { AuthError } from '../domain/errors.ts'

/** A unique constraint refused a row; `constraint` is its name. Decides races, see the callers. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation'
  readonly constraint: string

  constructor(constraint: string, cause: unknown) {
    super(`unique constraint ${constraint}`, { cause })
    this.constraint = constraint
  }
}

// PostgreSQL, Appendix A. 08 connection, 53 resources, 57 operator intervention, 40 rollback, 55P03 lock not available,
// 25P03/25P04 idle or long transaction ended, 25006 read-only transaction (a standby), 28 not let in.
const unavailable = /^(08|28|53|57|40)|^(55P03|25P03|25P04|25006)$/
/** What Node.js and OpenSSL say of a certificate or a handshake. */
const tlsFault = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_)/
const socketFault = /^(E[A-Z]+|ERR_SOCKET.*)$/

/** Turns a driver's error into one that the rest of the service knows; others pass unchanged. */
export function toStoreError(error: unknown): unknown {
  const { code, constraint, message } = error as { code?: unknown; constraint?: unknown; message?: unknown }
  if (code === '23505') return new UniqueViolation(String(constraint), error)
  const broken =
    (typeof code === 'string' && (unavailable.test(code) || socketFault.test(code) || tlsFault.test(code))) ||
    /connection terminated|timeout exceeded when trying to connect|not queryable|PGlite is closed|does not support SSL/i.test(
      String(message),
    )
  return broken ? new AuthError('DATABASE_UNAVAILABLE', { cause: error }) : error
}

/** Runs a driver call and translates what it throws. */
export async function withStoreErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw toStoreError(error)
  }
}

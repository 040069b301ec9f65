import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { type ChannelCredentials, credentials } from '@grpc/grpc-js'

/** A file's path, or PEM itself. */
export type PemSource = string | Uint8Array

/** TLS to the auth service; with `cert` and `key`, mTLS. Files are read again when they change. */
export interface TlsOptions {
  /** The authorities that the auth service's certificate may be of. */
  readonly ca: PemSource
  /** This service's certificate, with its SPIFFE id, followed by those of authorities between, if any. */
  readonly cert?: PemSource
  readonly key?: PemSource
  /** How often files are looked at; default 5,000. */
  readonly lookEveryMs?: number
}

/** What the files hold, in PEM. */
export interface TlsMaterial {
  readonly ca: Buffer
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
}

/** Reads what TLS needs. Throws TypeError where an option is missing, a file cannot be read, or its content is of no use. */
export function readTls({ ca, cert, key }: TlsOptions): TlsMaterial {
  if ((cert === undefined) !== (key === undefined))
    throw new TypeError('tls needs both cert and key, or neither')
  const material = {
    ca: read('ca', ca),
    cert: cert === undefined ? undefined : read('cert', cert),
    key: key === undefined ? undefined : read('key', key),
  }
  toCredentials(material)
  return material
}

/** The same as credentials of grpc-js. Throws TypeError where TLS cannot use it, as where the key is not the certificate's. */
export function toCredentials({ ca, cert, key }: TlsMaterial): ChannelCredentials {
  try {
    const context = createSecureContext({
      ca,
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      minVersion: 'TLSv1.2',
    })
    return credentials.createFromSecureContext(context)
  } catch (cause) {
    throw new TypeError(`tls: ${(cause as Error).message}`, { cause })
  }
}

/** Whether two readings are of the same content. */
export function isSameTls(one: TlsMaterial, other: TlsMaterial): boolean {
  return (['ca', 'cert', 'key'] as const).every((name) => {
    const [left, right] = [one[name], other[name]]
    return left === undefined ? right === undefined : right !== undefined && left.equals(right)
  })
}

function read(name: keyof TlsOptions, source: PemSource): Buffer {
  if (typeof source !== 'string') return Buffer.from(source)
  try {
    return readFileSync(source)
  } catch (cause) {
    throw new TypeError(`tls.${name}: ${source} cannot be read`, { cause })
  }
}

import { constants } from 'node:crypto'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import type { Clock } from '../../domain/clock.ts'

/** The files of TLS, in PEM. */
export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
  readonly clientCa: Buffer
}

/** How TLS is served. */
export interface TlsCredentialsOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** False: a peer may show no certificate, and one that TLS refuses comes through, marked as not verified. */
  readonly isCertificateNeeded: boolean
}

/** How long a handshake may take, in ms. */
const handshakeTimeoutMs = 10_000

const judgedAt: unique symbol = Symbol('judged at')

type MarkedSocket = TLSSocket & {
  [judgedAt]?: number
  /** Parts of Node that its types do not show: what the connection was accepted with, and what connections are accepted with now. */
  readonly _tlsOptions?: { readonly secureContext?: object }
  readonly server?: { readonly _sharedCreds?: object }
}

/**
 * TLS 1.2 and 1.3 for a gRPC server whose files can be replaced: new connections use the new ones. Sessions are not resumed, neither by id nor
 * by ticket: a resumed one would not be asked for its certificate again.
 */
export class TlsCredentials extends ServerCredentials {
  constructor(files: TlsMaterial, { clock, isCertificateNeeded }: TlsCredentialsOptions) {
    const options = {
      requestCert: true,
      rejectUnauthorized: isCertificateNeeded,
      handshakeTimeout: handshakeTimeoutMs,
      // Every HTTP/2 client sends ALPN: the one moment of a handshake that Node lets others see, with the socket as `this`.
      ALPNCallback(this: MarkedSocket, { protocols }: { readonly protocols: readonly string[] }) {
        this[judgedAt] = clock.monotonicMs() - (isOfPresentFiles(this) ? 0 : handshakeTimeoutMs)
        return protocols.includes('h2') ? 'h2' : undefined
      },
    }
    super(options as ConstructorParameters<typeof ServerCredentials>[0], toContext(files))
  }

  /** For connections from now on; such as are at their handshake may still be judged by the files before. */
  replace(files: TlsMaterial): void {
    this.updateSecureContextOptions(toContext(files))
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other
  }
}

/**
 * From when, at the earliest, the files were that a connection's certificate was judged by, in ms of the monotonic clock; -Infinity where that is
 * not known.
 */
export function readJudgedMs(socket: TLSSocket): number {
  return (socket as MarkedSocket)[judgedAt] ?? Number.NEGATIVE_INFINITY
}

/** False, too, where Node does not say: then the files are at least not older than a handshake may take. */
function isOfPresentFiles({ _tlsOptions, server }: MarkedSocket): boolean {
  return _tlsOptions?.secureContext !== undefined && _tlsOptions.secureContext === server?._sharedCreds
}

function toContext({ cert, key, clientCa }: TlsMaterial): SecureContextOptions {
  return {
    cert,
    key,
    ca: clientCa,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

import {
  Channel,
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials as grpcCredentials,
} from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import { consoleLogger, type Logger } from '../logger.ts'
import { type AssertionOptions, makeAssertions, toInterceptor } from './make-assertions.ts'
import { RenewedChannel, type RenewedChannelOptions } from './renewed-channel.ts'
import { type TlsMaterial, type TlsOptions, toCredentials } from './tls-options.ts'

/** How the auth service is reached. */
export interface ChannelAddress {
  /** `host:port`, or any target of grpc-js such as `dns:///auth-service:50051`. */
  readonly address: string
  /** mTLS, by files or PEM. Default: plaintext, which the service accepts on loopback only. */
  readonly tls?: TlsOptions
  /** Instead of `tls`, credentials of grpc-js, which do not change. */
  readonly credentials?: ChannelCredentials
  /** Instead of a certificate of this service's own; needs TLS, or a service on loopback. */
  readonly assertion?: AssertionOptions
  /** Where certificates that cannot be used are reported. Default: standard error. */
  readonly logger?: Logger
}

const options: ClientOptions = Object.freeze({
  // grpc-js's own reconnects wait 1 s, then up to 2 minutes: too long for a service that others depend on.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Notices a peer that is gone without a word; the guards wait for nothing longer than a deadline.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 4 * bounds.batchMessageBytes,
})

/**
 * Opens a connection to the auth service in the background; the caller closes it. Calls say whether the service is there. Throws TypeError
 * where `tls` does not hold.
 */
export function openChannel(at: ChannelAddress): Client {
  const { address, tls, assertion, logger = consoleLogger } = at
  const { credentials = grpcCredentials.createInsecure() } = at
  const clientOptions =
    assertion === undefined ? options : { ...options, ...toAssertionOptions(at, assertion) }
  if (tls === undefined) return new Client(address, credentials, clientOptions)
  const makeChannel = (material: TlsMaterial) => new Channel(address, toCredentials(material), options)
  const channelOverride = new RenewedChannel({ tls, makeChannel, logger, ...toLooks(tls) })
  return new Client(address, credentials, { ...clientOptions, channelOverride })
}

function toLooks({ lookEveryMs }: TlsOptions): Pick<RenewedChannelOptions, 'lookEveryMs'> {
  return lookEveryMs === undefined ? {} : { lookEveryMs }
}

const loopback = /^(?:ipv[46]:|dns:(?:\/\/\/)?)?(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/

function toAssertionOptions(at: ChannelAddress, assertion: AssertionOptions): ClientOptions {
  if (at.tls === undefined && at.credentials?._isSecure() !== true && !loopback.test(at.address)) {
    throw new TypeError('assertion needs tls: without it, it can be read on its way')
  }
  return { interceptors: [toInterceptor(makeAssertions(assertion))] }
}

/** Resolves when the channel is ready or after `timeoutMs`, whichever is first; says whether it is ready. Never rejects. */
export function awaitReady(channel: Client, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    channel.waitForReady(Date.now() + timeoutMs, (error) => resolve(error === undefined || error === null))
  })
}

import {
  type Channel,
  type ChannelInterface,
  Client,
  connectivityState,
  credentials,
  Metadata,
  status,
} from '@grpc/grpc-js'
import type { Logger } from '../logger.ts'
import { isSameTls, readTls, type TlsMaterial, type TlsOptions } from './tls-options.ts'

/** What a channel with TLS is made of. */
export interface RenewedChannelOptions {
  readonly tls: TlsOptions
  readonly makeChannel: (material: TlsMaterial) => Channel
  readonly logger: Logger
  /** How often the files are looked at; default 5,000. */
  readonly lookEveryMs?: number
  /** How long the old connection is kept open for calls that have not found their way yet; default 10,000. What runs on it then goes on. */
  readonly handOverMs?: number
}

const waiting = new Metadata({ waitForReady: true })
const proofTimeoutMs = 5_000

/**
 * A channel of grpc-js whose certificate is renewed: when its files change, a connection with the new ones is opened beside the old one, and takes
 * over once the service has answered on it. Calls on the old one are finished there. Files that do not hold are reported and change nothing.
 */
export class RenewedChannel implements ChannelInterface {
  readonly #options: RenewedChannelOptions
  readonly #timer: NodeJS.Timeout
  readonly #retired = new Map<Channel, NodeJS.Timeout>()
  #material: TlsMaterial
  #current: Channel
  /** The last fault of the files, so that it is told once. */
  #fault: string | undefined
  #isRenewing = false
  #isClosed = false

  /** Throws TypeError where the files do not hold. */
  constructor(options: RenewedChannelOptions) {
    this.#options = options
    this.#material = readTls(options.tls)
    this.#current = options.makeChannel(this.#material)
    this.#timer = setInterval(() => void this.#look(), options.lookEveryMs ?? 5_000)
    this.#timer.unref()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const [channel, timer] of this.#retired) {
      clearTimeout(timer)
      channel.close()
    }
    this.#current.close()
  }

  getTarget(): string {
    return this.#current.getTarget()
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    return this.#current.getConnectivityState(tryToConnect)
  }

  watchConnectivityState(...args: Parameters<Channel['watchConnectivityState']>): void {
    this.#current.watchConnectivityState(...args)
  }

  getChannelzRef(): ReturnType<Channel['getChannelzRef']> {
    return this.#current.getChannelzRef()
  }

  createCall(...args: Parameters<Channel['createCall']>): ReturnType<Channel['createCall']> {
    return this.#current.createCall(...args)
  }

  async #look(): Promise<void> {
    if (this.#isRenewing) return
    const material = this.#readTls()
    if (material === undefined || isSameTls(material, this.#material)) return
    this.#isRenewing = true
    const next = this.#options.makeChannel(material)
    const isProved = await prove(next)
    this.#isRenewing = false
    const isNeeded = isProved || this.#current.getConnectivityState(false) !== connectivityState.READY
    if (this.#isClosed || !isNeeded) {
      next.close()
      if (!this.#isClosed)
        this.#tell('the auth service does not answer with the new certificate; trying again')
      return
    }
    this.#retire(this.#current)
    this.#current = next
    this.#material = material
    this.#fault = undefined
  }

  #readTls(): TlsMaterial | undefined {
    try {
      return readTls(this.#options.tls)
    } catch (error) {
      this.#tell((error as Error).message)
      return undefined
    }
  }

  #tell(fault: string): void {
    if (fault === this.#fault) return
    this.#fault = fault
    this.#options.logger.error({ fault }, 'the new certificate is not used; the one before stays in force')
  }

  #retire(channel: Channel): void {
    const close = () => {
      this.#retired.delete(channel)
      channel.close()
    }
    const timer = setTimeout(close, this.#options.handOverMs ?? 10_000)
    timer.unref()
    this.#retired.set(channel, timer)
  }
}

/** Whether the service answers on a channel. With TLS 1.3 a client learns only by an answer that its certificate was accepted. */
function prove(channel: Channel): Promise<boolean> {
  const client = new Client('', credentials.createInsecure(), { channelOverride: channel })
  const pass = (bytes: Buffer) => bytes
  const path = '/grpc.health.v1.Health/Check'
  const limits = { deadline: Date.now() + proofTimeoutMs }
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, pass, pass, Buffer.alloc(0), waiting, limits, (error) => {
      resolve(error?.code !== status.UNAVAILABLE && error?.code !== status.DEADLINE_EXCEEDED)
    })
  })
}

import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isPrivateAddress } from './is-private-address.ts'
import { PlatformError } from './platform-error.ts'
import type { PlatformRequest } from './platform-facts.ts'

/** One request to a platform. Throws PlatformError UNAVAILABLE. */
export type PlatformFetch = (request: PlatformRequest) => Promise<Response>

/** What bounds a request. */
export interface GuardedFetchOptions {
  /** From the beginning to the last byte. */
  readonly timeoutMs: number
  /** Of an answer's body; what is longer is cut off and refused. */
  readonly maxBytes: number
  /** Hosts that may have private addresses, and, where they are loopback, be spoken to without TLS. */
  readonly privateHosts: ReadonlySet<string>
}

/**
 * Makes the only way out to platforms: HTTPS, no redirect is followed, no private address is connected to (it is looked at when the connection is made, so
 * that a name which changes its mind between check and use gains nothing), time and size have an end.
 */
export function makeGuardedFetch(options: GuardedFetchOptions): PlatformFetch {
  return async (request) => {
    const url = new URL(request.url)
    assertAllowed(url, options.privateHosts)
    const signal = AbortSignal.timeout(options.timeoutMs)
    try {
      const answer = await send(url, request, { ...options, signal })
      return await read(answer, options.maxBytes)
    } catch (cause) {
      if (cause instanceof PlatformError) throw cause
      throw new PlatformError('UNAVAILABLE', `${url.host} does not answer`, { cause })
    }
  }
}

function assertAllowed(url: URL, privateHosts: ReadonlySet<string>): void {
  const host = toHost(url)
  const isListed = privateHosts.has(host)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isListed && isLoopback(host))) {
    throw new PlatformError('UNAVAILABLE', `${url.protocol}//${url.host} is not https`)
  }
  if (!isListed && isIP(host) !== 0 && isPrivateAddress(host)) throw refusePrivate(host)
}

function toHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function refusePrivate(host: string): PlatformError {
  return new PlatformError('UNAVAILABLE', `${host} has a private address`)
}

function makeLookup(privateHosts: ReadonlySet<string>): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const isListed = privateHosts.has(host)
      const allowed = addresses.filter(({ address }) => isListed || !isPrivateAddress(address))
      const [first] = allowed
      if (first === undefined) return callback(refusePrivate(host), [])
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

type SendOptions = GuardedFetchOptions & { readonly signal: AbortSignal }

async function send(
  url: URL,
  { method, headers, body }: PlatformRequest,
  { privateHosts, signal }: SendOptions,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const sent = request(url, {
    method,
    headers: { 'user-agent': 'immersiverse-auth', 'accept-encoding': 'identity', ...headers, ...length },
    lookup: makeLookup(privateHosts),
    agent: false,
    signal,
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  sent.once('response', resolve).once('error', reject)
  sent.end(body)
  return await promise
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<Response> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) {
      answer.destroy()
      throw new PlatformError('UNAVAILABLE', `the answer has more than ${maxBytes} bytes`)
    }
    chunks.push(chunk as Buffer)
  }
  const status = answer.statusCode ?? 500
  const contentType = answer.headers['content-type']
  // A body with 204, 205 or 304 is none (Fetch §2.2.3), and 1xx never arrive here.
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : Buffer.concat(chunks), {
    status,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  })
}

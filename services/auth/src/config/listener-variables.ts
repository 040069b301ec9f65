import type { z } from 'zod'
import { allowedPlaintext, type PlaintextPart } from './allowed-plaintext.ts'
import { listenAddress } from './formats.ts'
import { isLoopback } from './is-loopback.ts'

/** Where the service listens. */
export const listenerVariables = {
  AUTH_GRPC_LISTEN: listenAddress.default({ host: '127.0.0.1', port: 50_051 }),
  AUTH_EDGE_LISTEN: listenAddress.default({ host: '127.0.0.1', port: 8080 }),
  AUTH_ADMIN_LISTEN: listenAddress.default({ host: '127.0.0.1', port: 9090 }),
  AUTH_ALLOW_PLAINTEXT: allowedPlaintext.default(new Set<PlaintextPart>()),
}

type ListenerSettings = z.infer<z.ZodObject<typeof listenerVariables>> & {
  readonly AUTH_TLS_CERT?: string | undefined
}

/** What the listeners' settings may not say together, one line each. */
export function findListenerConflicts(settings: ListenerSettings): string[] {
  const faults: string[] = []
  for (const [part, name] of [
    ['grpc', 'AUTH_GRPC_LISTEN'],
    ['edge', 'AUTH_EDGE_LISTEN'],
    ['admin', 'AUTH_ADMIN_LISTEN'],
  ] as const) {
    if (settings.AUTH_ALLOW_PLAINTEXT.has(part) || isLoopback(settings[name].host)) continue
    if (part === 'grpc' && settings.AUTH_TLS_CERT !== undefined) continue
    faults.push(
      `${name}: ${settings[name].host} is not loopback and has no TLS; AUTH_ALLOW_PLAINTEXT=${part} allows it`,
    )
  }
  return faults
}

/**
 * Addresses that browsers and other services are told to use, and that are neither encrypted nor on this machine: tokens would cross a network
 * in the open.
 */
export function findPlaintextAddresses(
  settings: ListenerSettings & {
    readonly AUTH_ISSUER: string
    readonly AUTH_EDGE_ORIGINS: readonly string[]
  },
): string[] {
  if (settings.AUTH_ALLOW_PLAINTEXT.has('issuer')) return []
  const named = [
    ['AUTH_ISSUER', settings.AUTH_ISSUER] as const,
    ...settings.AUTH_EDGE_ORIGINS.map((origin) => ['AUTH_EDGE_ORIGINS', origin] as const),
  ]
  const isOpen = ([, address]: readonly [string, string]) => {
    const { protocol, hostname } = new URL(address)
    return protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))
  }
  return named
    .filter(isOpen)
    .map(([name, address]) => `${name}: ${address} is not https; AUTH_ALLOW_PLAINTEXT=issuer allows it`)
}

import type { Metadata } from '@grpc/grpc-js'
import type { Caller } from '../domain/caller.ts'
import type { TrustedProxies } from '../domain/trusted-proxies.ts'

/** Who may say whose call it is. */
export interface Forwarding {
  readonly proxies: TrustedProxies
  /** Ids of the services that may, such as a gateway's. */
  readonly callers: ReadonlySet<string>
}

/** A call with the address of the service's user, where the service may say so and does in `x-forwarded-for`. Who calls stays the service. */
export function withForwardedAddress(
  caller: Caller,
  metadata: Metadata,
  { proxies, callers }: Forwarding,
): Caller {
  if (caller.kind !== 'service' || !callers.has(caller.id)) return caller
  const values = metadata.get('x-forwarded-for').filter((value) => typeof value === 'string')
  const { ip: peer } = caller.origin
  const ip = proxies.findClient(peer, values.join(','), true)
  return ip === peer ? caller : { ...caller, origin: { ...caller.origin, ip, isForwarded: true } }
}

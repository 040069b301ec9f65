import { BlockList, isIP, isIPv6 } from 'node:net'
import type { TrustedProxies } from '../domain/trusted-proxies.ts'

/** Which proxies are believed about whom they speak for: those in networks such as `10.0.0.0/8`, or so many of the last ones. */
export type ProxySetting = { readonly networks: readonly string[] } | { readonly hops: number }

/** More proxies than anybody has in a row. */
const hopsMax = 32

/** Makes it; no networks trust nobody. */
export function makeTrustedProxies(setting: ProxySetting): TrustedProxies {
  const isTrusted =
    'hops' in setting ? (_ip: string, hop: number) => hop < setting.hops : makeIsIn(setting.networks)
  return {
    findClient(peer, forwardedFor = '', isPeerTrusted = false) {
      const forwarded = forwardedFor === '' ? [] : forwardedFor.split(',').slice(-hopsMax)
      let client = toPlainAddress(peer) ?? ''
      for (let hop = 0; isTrusted(client, hop) || (hop === 0 && isPeerTrusted); hop += 1) {
        const before = toPlainAddress(forwarded.pop() ?? '')
        // Nobody before it, or one who is not told: the proxy is as far as can be seen.
        if (before === undefined) return client
        client = before
      }
      return client
    },
    isProxy: (peer) => isTrusted(toPlainAddress(peer) ?? '', 0),
  }
}

/** An address without port, brackets and zone; IPv4 written as IPv6 is IPv4. Undefined for anything else, such as `unknown`. */
function toPlainAddress(text: string): string | undefined {
  const trimmed = text.trim()
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed) ?? []
  const [, withPort] = /^([^:]+):\d+$/.exec(trimmed) ?? []
  const address = (bracketed ?? withPort ?? trimmed).split('%', 1)[0] ?? ''
  const [, mapped = address] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  return isIP(mapped) === 0 ? undefined : mapped.toLowerCase()
}

function makeIsIn(networks: readonly string[]): (ip: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return (ip) => ip !== '' && list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
}

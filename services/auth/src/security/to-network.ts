import { isIPv6 } from 'node:net'

/** What addresses are counted by: an IPv4 address itself, and of an IPv6 address its /64, which is one customer's (RFC 6177). */
export function toNetwork(ip: string): string {
  if (!isIPv6(ip)) return ip
  // A URL's host is written in one way only (WHATWG URL §3.5).
  const canonical = new URL(`http://[${ip.split('%', 1)[0]}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = head === '' ? [] : head.split(':')
  const below = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - groups.length - below.length }, () => '0')
  return `${[...groups, ...zeros, ...below].slice(0, 4).join(':')}::/64`
}

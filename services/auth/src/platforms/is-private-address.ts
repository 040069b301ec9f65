import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Networks of IPv4 that are nobody's on the internet (IANA special-purpose registry, RFC 6890), multicast and reserved ones among them. */
const special = new BlockList()
for (const [network, prefix] of [
  ...[['0.0.0.0', 8] as const, ['10.0.0.0', 8] as const, ['100.64.0.0', 10] as const],
  ...[['127.0.0.0', 8] as const, ['169.254.0.0', 16] as const, ['172.16.0.0', 12] as const],
  ...[['192.0.0.0', 24] as const, ['192.0.2.0', 24] as const, ['192.88.99.0', 24] as const],
  ...[['192.168.0.0', 16] as const, ['198.18.0.0', 15] as const, ['198.51.100.0', 24] as const],
  ...[['203.0.113.0', 24] as const, ['224.0.0.0', 4] as const, ['240.0.0.0', 4] as const],
] as const) {
  special.addSubnet(network, prefix, 'ipv4')
}

/** Of IPv6 only global unicast is public, without what wraps an IPv4 address or serves examples. */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')
const special6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23] as const,
  ['2001:db8::', 32] as const,
  ['2002::', 16] as const,
  ['3fff::', 20] as const,
]) {
  special6.addSubnet(network, prefix, 'ipv6')
}

/** Whether an IP address is not one of the public internet. A text that is no address is taken as one. */
export function isPrivateAddress(address: string): boolean {
  if (isIPv6(address)) return !global6.check(address, 'ipv6') || special6.check(address, 'ipv6')
  return !isIPv4(address) || special.check(address, 'ipv4')
}

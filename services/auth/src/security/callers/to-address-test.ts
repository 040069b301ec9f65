import { BlockList, isIP } from 'node:net'

/** Makes a test for addresses inside any of the ranges, such as `10.0.0.0/8` or `fd00::/8`; a single address is a range of one. Undefined where one is no range. */
export function toAddressTest(ranges: readonly string[]): ((address: string) => boolean) | undefined {
  const list = new BlockList()
  for (const range of ranges) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
    const version = isIP(address)
    const width = version === 4 ? 32 : 128
    const prefix = bits === undefined ? width : Number(bits)
    if (version === 0 || prefix > width) return undefined
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }
  return (address) => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}

import { isIP } from 'node:net'
import { z } from 'zod'

const list = (text: string) => text.split(',').map((one) => one.trim())

/** `1`, or `10.0.0.0/8, fd00::/8`. */
const proxies = z.string().transform((text, context) => {
  if (/^\d{1,2}$/.test(text)) return { hops: Number(text) }
  const networks = list(text)
  if (networks.every(isNetwork)) return { networks }
  context.addIssue(
    'must be a number of proxies such as 1, or networks such as 10.0.0.0/8 with commas between',
  )
  return z.NEVER
})

function isNetwork(text: string): boolean {
  const [, address = '', prefix = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = isIP(address)
  return family !== 0 && Number(prefix) <= (family === 6 ? 128 : 32)
}

/** Who is believed about whose call it is. */
export const proxyVariables = {
  AUTH_TRUSTED_PROXIES: proxies.default({ networks: [] }),
  AUTH_FORWARDING_CALLERS: z
    .string()
    .default('')
    .transform((text) => (text === '' ? [] : list(text))),
}

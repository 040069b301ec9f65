import { z } from 'zod'

/** Milliseconds of each unit. */
export const units = Object.freeze({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 })

/** `10m`, `30d`, `500ms` as milliseconds. */
export const duration = z.string().transform((text, context) => {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return Number(count) * units[unit as keyof typeof units]
  context.addIssue('must be a duration such as 500ms, 10s, 15m, 12h or 30d')
  return z.NEVER
})

/** A duration of an hour or more; `off` and `0` as Infinity: never. */
export const rotation = z.string().transform((text, context) => {
  if (text === 'off' || text === '0') return Number.POSITIVE_INFINITY
  const ms = duration.safeParse(text).data
  if (ms !== undefined && ms >= units.h) return ms
  context.addIssue('must be a duration of 1h or more such as 30d, or off')
  return z.NEVER
})

/** `127.0.0.1:50051`, `[::1]:8080`; port 0 takes a free one. */
export const listenAddress = z.string().transform((text, context) => {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  context.addIssue('must be host:port, such as 127.0.0.1:8080')
  return z.NEVER
})

/** A URL with one of the protocols, each such as `https:`. */
export const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL with ${protocols.join(' or ')}//`,
  })

/** `postgresql://user@host/name`. */
export const databaseUrl = url('postgres:', 'postgresql:')
/** `a:9092, b:9092` as a list. */
export const brokers = z.string().transform((text, context) => {
  const list = text.split(',').map((broker) => broker.trim())
  if (list.every((broker) => /^[^:\s]+:\d{1,5}$/.test(broker))) return list
  context.addIssue('must be host:port, several with commas between')
  return z.NEVER
})

/** `10/15m`; undefined for what is no limit. */
function findLimit(text: string): { count: number; windowMs: number } | undefined {
  const [, count, window] = /^\s*(\d{1,7})\/(\w+)\s*$/.exec(text) ?? []
  const limit = { count: Number(count), windowMs: duration.safeParse(window).data ?? 0 }
  return limit.count > 0 && limit.windowMs >= units.s ? limit : undefined
}

/** `10/15m, 50/30d` as limits that must all hold; `off` as none. */
export const limits = z.string().transform((text, context) => {
  if (text === 'off') return []
  const texts = text.split(',')
  const list = texts.flatMap((one) => findLimit(one) ?? [])
  const windows = new Set(list.map(({ windowMs }) => windowMs))
  if (windows.size === texts.length) return list
  context.addIssue(
    'must be a number and a duration of 1s or more such as 10/15m, several of different durations with commas between, or off',
  )
  return z.NEVER
})

/** `300/10s` as one limit; `off` as undefined. */
export const rate = z.string().transform((text, context) => {
  if (text === 'off') return undefined
  const limit = findLimit(text)
  if (limit !== undefined) return limit
  context.addIssue('must be a number and a duration of 1s or more such as 300/10s, or off')
  return z.NEVER
})

/** `https://app.example, http://localhost:5173` as a list: origins as browsers write them (RFC 6454 §6.2), never `*` or `null`. */
export const origins = z.string().transform((text, context) => {
  const list = text.split(',').map((origin) => origin.trim())
  const isOrigin = (origin: string) =>
    /^https?:\/\//.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin
  if (list.every(isOrigin)) return list
  context.addIssue(
    'must be origins such as https://app.example, exactly as browsers send them, with commas between',
  )
  return z.NEVER
})

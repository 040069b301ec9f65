import type { Caller } from '../../../services/auth/src/domain/caller.ts'

/** From where somebody calls, as the service sees it. */
export interface Device {
  readonly clientId: string
  readonly ip: string
  readonly userAgent: string
}

/** Another service, which may act for anyone, calling for a device. */
export function toCaller({ ip, userAgent }: Device): Caller {
  return { kind: 'service', id: 'loopback', origin: { ip, userAgent } }
}

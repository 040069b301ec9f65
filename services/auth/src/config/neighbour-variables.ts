import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { PlaintextPart } from './allowed-plaintext.ts'
import { databaseUrl } from './formats.ts'

/** The path of a file that can be read. */
const file = z.string().superRefine((path, context) => {
  const fault = findUnread(path)
  if (fault !== undefined) context.addIssue(fault)
})

/** How the database and the brokers are reached, beside where they are. */
export const neighbourVariables = {
  DATABASE_OWNER_URL: databaseUrl.optional(),
  KAFKA_TLS: z.enum(['true', 'false']).default('false'),
  KAFKA_TLS_CA: file.optional(),
  KAFKA_TLS_CERT: file.optional(),
  KAFKA_TLS_KEY: file.optional(),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  KAFKA_SASL_PASSWORD_FILE: file.optional(),
}

type NeighbourSettings = z.infer<z.ZodObject<typeof neighbourVariables>> & {
  readonly AUTH_ALLOW_PLAINTEXT: ReadonlySet<PlaintextPart>
  readonly DATABASE_URL?: string | undefined
  readonly AUTH_DATABASE_DIRECT_URL?: string | undefined
  readonly KAFKA_BROKERS?: readonly string[] | undefined
}

/** What the settings may not say together, one line each: above all, that passwords and events travel readable for others. */
export function findNeighbourConflicts(settings: NeighbourSettings): string[] {
  const urls = ['DATABASE_URL', 'AUTH_DATABASE_DIRECT_URL', 'DATABASE_OWNER_URL'] as const
  const mayBePlain = settings.AUTH_ALLOW_PLAINTEXT.has('database')
  const faults = urls.flatMap((name) => findUrlConflict(name, settings[name], mayBePlain) ?? [])
  if (settings.DATABASE_OWNER_URL !== undefined && settings.DATABASE_URL === undefined) {
    faults.push('DATABASE_OWNER_URL: needs DATABASE_URL')
  }
  return [...faults, ...findKafkaConflicts(settings)]
}

const encryptedModes: readonly (string | null)[] = ['require', 'verify-ca', 'verify-full']

function findUrlConflict(name: string, text: string | undefined, mayBePlain: boolean): string | undefined {
  if (text === undefined) return undefined
  const { hostname, searchParams } = new URL(text)
  const mode = searchParams.get('sslmode')
  if (searchParams.has('ssl')) return `${name}: say sslmode=verify-full instead of ssl`
  if (encryptedModes.includes(mode)) {
    const unread = ['sslrootcert', 'sslcert', 'sslkey'].flatMap((key) => {
      const path = searchParams.get(key)
      const fault = path === null || path === 'system' ? undefined : findUnread(path)
      return fault === undefined ? [] : [`${name}: ${key}: ${fault}`]
    })
    return unread[0]
  }
  if (mode !== null && mode !== 'disable') {
    return `${name}: sslmode=${mode} may not be encrypted: say verify-full, or disable`
  }
  if (mayBePlain || isNear(hostname, searchParams.get('host'))) return undefined
  return `${name}: ${hostname} is not loopback and has no TLS; say sslmode=verify-full, or AUTH_ALLOW_PLAINTEXT=database`
}

/** Why a file cannot be read; undefined where it can. */
function findUnread(path: string): string | undefined {
  try {
    readFileSync(path)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function findKafkaConflicts(settings: NeighbourSettings): string[] {
  const { KAFKA_BROKERS: brokers = [], KAFKA_TLS: tls } = settings
  const faults: string[] = []
  const isGiven = (name: keyof NeighbourSettings) => settings[name] !== undefined
  const forTls = (['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'] as const).filter(isGiven)
  if (tls === 'false') faults.push(...forTls.map((name) => `${name}: needs KAFKA_TLS=true`))
  if (isGiven('KAFKA_TLS_CERT') !== isGiven('KAFKA_TLS_KEY')) {
    faults.push('KAFKA_TLS_CERT: KAFKA_TLS_CERT and KAFKA_TLS_KEY need each other')
  }
  const passwords = (['KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE'] as const).filter(isGiven)
  const sasl = [isGiven('KAFKA_SASL_MECHANISM'), isGiven('KAFKA_SASL_USERNAME'), passwords.length === 1]
  if (sasl.includes(true) !== sasl.every(Boolean) || passwords.length > 1) {
    faults.push(
      'KAFKA_SASL_MECHANISM: needs KAFKA_SASL_USERNAME and one of KAFKA_SASL_PASSWORD, KAFKA_SASL_PASSWORD_FILE',
    )
  }
  const far = brokers.find((broker) => !isNear(broker.replace(/:\d+$/, ''), null))
  if (far !== undefined && tls === 'false' && !settings.AUTH_ALLOW_PLAINTEXT.has('kafka')) {
    faults.push(
      `KAFKA_BROKERS: ${far} is not loopback and has no TLS; say KAFKA_TLS=true, or AUTH_ALLOW_PLAINTEXT=kafka`,
    )
  }
  return faults
}

/** On this machine: loopback, no host at all, or a socket's folder in its place. */
function isNear(host: string, socketFolder: string | null): boolean {
  if (socketFolder?.startsWith('/')) return true
  return ['', 'localhost', '::1', '[::1]'].includes(host) || host.startsWith('127.')
}

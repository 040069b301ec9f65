import { createSecureContext } from 'node:tls'
import type { Config } from '../config.ts'
import { readCertificates } from '../security/read-certificates.ts'
import { type FileContents, type ReadOutcome, readConfigured } from './read-configured.ts'

const variables = ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY', 'KAFKA_SASL_PASSWORD_FILE'] as const

/** The variables that name files with which brokers are reached. */
export type KafkaFileVariable = (typeof variables)[number]

/** What stands in those files; nothing for a variable that names none. */
export type KafkaFiles = Readonly<Partial<Record<KafkaFileVariable, string>>>

/** Those of the variables that name a file. */
export function listKafkaFiles(config: Config): KafkaFileVariable[] {
  return variables.filter((name) => config[name] !== undefined)
}

/** Reads the files that the configuration names; undefined where it names none. */
export async function readKafkaFiles(config: Config): Promise<FileContents | undefined> {
  const names = listKafkaFiles(config)
  return names.length === 0 ? undefined : await readConfigured(config, names)
}

/** Judges what was read of the files in `names`: what TLS or SASL could not use at all is a fault. */
export function toKafkaFiles(
  { contents, faults: unread }: FileContents,
  names: readonly KafkaFileVariable[],
): ReadOutcome<KafkaFiles> {
  if (unread.length > 0) return { faults: unread }
  const texts = names.map((name, index) => [name, contents[index]?.toString('utf8') ?? ''] as const)
  const files: KafkaFiles = Object.fromEntries(texts)
  const faults: string[] = []
  for (const name of ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT'] as const) {
    const pem = files[name]
    if (pem !== undefined) readCertificates(pem, (what) => faults.push(`${name}: ${what}`))
  }
  if (files.KAFKA_SASL_PASSWORD_FILE?.trim() === '') faults.push('KAFKA_SASL_PASSWORD_FILE: is empty')
  if (faults.length === 0) faults.push(...listPairFaults(files))
  return faults.length > 0 ? { faults } : { value: files }
}

/** Of a certificate and a key that are replaced one after the other, the half that came first is not used alone. */
function listPairFaults({ KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key }: KafkaFiles): string[] {
  try {
    createSecureContext({ ...(cert && key ? { cert, key } : {}) })
    return []
  } catch (error) {
    return [`KAFKA_TLS_CERT: TLS cannot use it with KAFKA_TLS_KEY: ${(error as Error).message}`]
  }
}

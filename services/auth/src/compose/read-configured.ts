import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'

/** What came of reading: the value, or every fault, each beginning with the name of its variable. */
export type ReadOutcome<T> =
  | { readonly value: T; readonly faults?: undefined }
  | { readonly value?: undefined; readonly faults: readonly string[] }

/** The content of files that belong together, or why one of them cannot be had. `key` is equal exactly where that is. */
export interface FileContents {
  readonly contents: readonly Buffer[]
  readonly faults: readonly string[]
  readonly key: string
}

type FileVariable =
  | 'AUTH_CALLERS_FILE'
  | 'AUTH_TLS_CERT'
  | 'AUTH_TLS_CLIENT_CA'
  | 'AUTH_TLS_KEY'
  | 'KAFKA_SASL_PASSWORD_FILE'
  | 'KAFKA_TLS_CA'
  | 'KAFKA_TLS_CERT'
  | 'KAFKA_TLS_KEY'

/** Reads the files that the variables name; undefined where one of them names none. */
export async function readConfigured(
  config: Config,
  names: readonly FileVariable[],
): Promise<FileContents | undefined> {
  if (names.some((name) => config[name] === undefined)) return undefined
  const contents: Buffer[] = []
  const faults: string[] = []
  for (const name of names) {
    try {
      contents.push(await readFile(config[name] ?? ''))
    } catch (error) {
      faults.push(`${name}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`)
    }
  }
  return {
    contents,
    faults,
    key: [...faults, ...contents.map((bytes) => bytes.toString('base64'))].join(' '),
  }
}

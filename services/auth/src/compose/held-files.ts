import type { Log } from '../deps.ts'
import type { FileContents, ReadOutcome } from './read-configured.ts'

/** What files say that are read again when they change. */
export interface HeldFiles<T> {
  /** Of the last contents that held. */
  value: T
  /** The contents that were looked at last, whether they held or not. */
  key: string
  isFailing: boolean
}

/** What was read at the start; undefined where nothing was. */
export function holdFiles<T>(
  value: T | undefined,
  files: FileContents | undefined,
): HeldFiles<T> | undefined {
  return value === undefined || files === undefined ? undefined : { value, key: files.key, isFailing: false }
}

/** Takes over contents that are others than before and hold, and says whether it has; of such as do not hold the log tells once. */
export function renewFiles<T>(
  held: HeldFiles<T> | undefined,
  files: FileContents | undefined,
  read: (files: FileContents) => ReadOutcome<T>,
  whose: 'callers' | 'Kafka',
  log: Log,
): boolean {
  if (held === undefined || files === undefined || held.key === files.key) return false
  held.key = files.key
  const { value, faults } = read(files)
  held.isFailing = value === undefined
  if (value === undefined) {
    log.error({ faults }, `files of ${whose} have changed and do not hold; those before stay in force`)
    return false
  }
  held.value = value
  return true
}

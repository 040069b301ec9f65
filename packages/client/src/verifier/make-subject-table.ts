import type { UuidKey } from './to-uuid-key.ts'
import { neverSeconds } from './uuid-segment.ts'
import { UuidTable } from './uuid-table.ts'

/** A subject as tables look it up: the key of a UUID, any other text as it is. */
export type SubjectKey = UuidKey | string

/** Subjects with an expiry in Unix seconds and a number, which is 0 in tables without values. */
export interface SubjectTable {
  /** The number; undefined where the subject is not there. */
  find(key: SubjectKey): number | undefined
  raise(key: SubjectKey, expiresSeconds: number, value: number): boolean
  /** Drops some of what has expired before that second: a share of the table, or with `isWhole` all of it. */
  sweep(beforeSeconds: number, isWhole: boolean): void
  readonly uuids: number
  readonly texts: number
  /** Of the subjects that are UUIDs. */
  readonly bytes: number
}

/** A sweep at every heartbeat comes round within 16 s; a small table is swept whole each time. */
const sharesOfSweep = 32
const slotsOfSweep = 4096

/** Makes a table of subjects: UUIDs stand packed, others in a Map. Exact: whole keys are compared. */
export function makeSubjectTable(options: { readonly hasValues: boolean }): SubjectTable {
  const uuids = new UuidTable(options)
  const texts = new Map<string, { expires: number; value: number }>()

  return {
    find(key) {
      if (typeof key === 'string') return texts.get(key)?.value
      if (options.hasValues) return uuids.find(key)
      return uuids.has(key) ? 0 : undefined
    },
    raise(key, expiresSeconds, value) {
      if (typeof key !== 'string') return uuids.raise(key, expiresSeconds, value)
      const entry = texts.get(key)
      if (entry === undefined) texts.set(key, { expires: expiresSeconds, value })
      else if (expiresSeconds <= entry.expires && value <= entry.value) return false
      else {
        entry.expires = Math.max(entry.expires, expiresSeconds)
        entry.value = Math.max(entry.value, value)
      }
      return true
    },
    sweep(beforeSeconds, isWhole) {
      const { slots } = uuids
      uuids.sweep(beforeSeconds, isWhole ? slots : Math.max(slotsOfSweep, slots / sharesOfSweep))
      for (const [text, { expires }] of texts) {
        if (expires !== neverSeconds && expires < beforeSeconds) texts.delete(text)
      }
    },
    get uuids() {
      return uuids.size
    },
    get texts() {
      return texts.size
    },
    get bytes() {
      return uuids.bytes
    },
  }
}

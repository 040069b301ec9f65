import type { Revocation } from '../domain/revocation.ts'
import type { RevocationLook } from '../store/revocations.ts'

/** The last revocations, so that watchers who keep up need no query of their own. */
export interface RevocationTail {
  /** The number of the last one; undefined before the first look. */
  readonly rseqHi: number | undefined
  /** Takes in what a look has seen; false where that does not go on from what was there, and the tail begins anew. */
  add(look: RevocationLook): boolean
  /** The entries above a number, or undefined where they are not remembered. */
  findAfter(rseq: number): readonly Revocation[] | undefined
}

const rememberedMax = 4096

/** Makes an empty tail. */
export function makeRevocationTail(): RevocationTail {
  let epoch: string | undefined
  let rseqHi: number | undefined
  let entries: readonly Revocation[] = []
  return {
    get rseqHi() {
      return rseqHi
    },
    add(look) {
      const before = rseqHi ?? look.rseqHi
      const isNext = look.entries.every((entry, at) => entry.rseq === before + 1 + at)
      const goesOn = look.epoch === epoch && look.rseqHi >= before && isNext
      epoch = look.epoch
      entries = goesOn ? append(entries, look.entries) : []
      rseqHi = goesOn ? before + look.entries.length : look.rseqHi
      return goesOn
    },
    findAfter(rseq) {
      const first = rseqHi === undefined ? 0 : rseqHi - entries.length + 1
      return rseq + 1 < first ? undefined : entries.slice(rseq + 1 - first)
    },
  }
}

function append(entries: readonly Revocation[], more: readonly Revocation[]): readonly Revocation[] {
  return more.length === 0 ? entries : [...entries, ...more].slice(-rememberedMax)
}

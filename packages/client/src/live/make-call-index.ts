import type { Principal } from '../principal.ts'
import type { RevocationEntry } from '../verifier/index.ts'

/** What an index needs to know of a call. */
export interface NamedCall {
  readonly principal: Principal
  /** The key that signed its token. */
  readonly keyId: string
}

/** Open calls by what revocations can name of their tokens. */
export interface CallIndex<Call extends NamedCall> {
  add(call: Call): void
  remove(call: Call): void
  /** The calls whose token, session, user or key is the entry's subject; all of them for an issuer. */
  find(entry: RevocationEntry): readonly Call[]
  readonly size: number
}

type Names<Call> = Map<string, Call | Set<Call>>

/**
 * Makes an empty index. What an entry names is found without looking at other calls, whatever their number; only an issuer's entry, which
 * a database that was restored begins with, is about all.
 */
export function makeCallIndex<Call extends NamedCall>(): CallIndex<Call> {
  const all = new Set<Call>()
  const levels = {
    token: new Map() as Names<Call>,
    session: new Map() as Names<Call>,
    user: new Map() as Names<Call>,
    key: new Map() as Names<Call>,
  }
  const namesOf = ({ principal, keyId }: Call) =>
    [
      [levels.token, principal.tokenId],
      [levels.session, principal.sessionId],
      [levels.user, principal.userId],
      [levels.key, keyId],
    ] as const
  return {
    add(call) {
      all.add(call)
      for (const [names, name] of namesOf(call)) addTo(names, name, call)
    },
    remove(call) {
      if (!all.delete(call)) return
      for (const [names, name] of namesOf(call)) removeFrom(names, name, call)
    },
    find({ type, subject }) {
      if (type === 'issuer') return [...all]
      const found = levels[type].get(subject)
      if (found === undefined) return []
      return found instanceof Set ? [...found] : [found]
    },
    get size() {
      return all.size
    },
  }
}

/** Most names have one call, and a set takes several times its memory. */
function addTo<Call>(names: Names<Call>, name: string, call: Call): void {
  const found = names.get(name)
  if (found === undefined) names.set(name, call)
  else if (found instanceof Set) found.add(call)
  else names.set(name, new Set([found, call]))
}

function removeFrom<Call>(names: Names<Call>, name: string, call: Call): void {
  const found = names.get(name)
  if (found === call) names.delete(name)
  if (!(found instanceof Set)) return
  found.delete(call)
  if (found.size === 0) names.delete(name)
}

import type { RevocationView } from '../../../packages/client/src/verifier/make-revocation-view.ts'
import type { Revocation, RevocationEntry } from '../../../packages/client/src/verifier/revocation.ts'
import type { TokenSubjects } from '../../../packages/client/src/verifier/to-token-subjects.ts'
import { verifier } from '../subject.ts'
import type { Mutant } from './mutant.ts'

/** Views and codecs with planted bugs. */
export function makeRevocationMutants(): Mutant[] {
  return [...viewMutants(), ...recordMutants()]
}

function viewMutants(): Mutant[] {
  const views = (name: string, wrap: (view: RevocationView) => Partial<RevocationView>): Mutant => ({
    name,
    classes: ['revocations'],
    subject: {
      ...verifier,
      makeView: (limits) => {
        const view = verifier.makeView(limits)
        return new Proxy(view, { get: (_, name) => read(wrap(view), view, name) })
      },
    },
  })
  const asks = (name: string, change: (subjects: TokenSubjects) => object) =>
    views(name, (view) => ({ isRevoked: (subjects) => view.isRevoked({ ...subjects, ...change(subjects) }) }))
  const adds = (name: string, change: (entry: RevocationEntry) => object | undefined) =>
    views(name, (view) => ({
      add: (entry) => {
        const changed = change(entry)
        return changed === undefined || view.add({ ...entry, ...changed } as RevocationEntry)
      },
    }))
  const users = new WeakMap<RevocationView, Map<string, number>>()
  return [
    asks('a tv equal to the minimum is revoked', ({ tokenVersion }) => ({ tokenVersion: tokenVersion - 1 })),
    asks('ignores the user level', () => ({ tokenVersion: Number.MAX_SAFE_INTEGER })),
    asks('ignores the key level', () => ({ keyId: '' })),
    asks('iat on the second of until is not revoked', ({ issuedSeconds }) => ({
      issuedSeconds: issuedSeconds + 1,
    })),
    asks('compares a UUID without its last word', ({ session }) => {
      return { session: typeof session === 'string' ? session : { ...session, d: session.d & ~1 } }
    }),
    asks('looks UUIDs up in any case', ({ token }) => {
      return { token: typeof token === 'string' ? token.toLowerCase() : token }
    }),
    adds('expires without skew', (entry) => {
      return 'expiresAt' in entry && entry.expiresAt
        ? { expiresAt: new Date(entry.expiresAt.getTime() - 60_000) }
        : {}
    }),
    adds('minimum tv in 32 bits', (entry) => (entry.type === 'user' ? { minTv: entry.minTv >>> 0 } : {})),
    adds('skips long subjects', ({ subject }) => (subject.length > 100 ? undefined : {})),
    views('the last minimum tv wins', (view) => ({
      add: (entry) => {
        if (entry.type === 'user') remember(users, view).set(entry.subject, entry.minTv)
        return view.add(entry.type === 'user' ? { ...entry, minTv: 0 } : entry)
      },
      isRevoked: (subjects) => {
        const minTv = typeof subjects.user === 'string' ? remember(users, view).get(subjects.user) : undefined
        return view.isRevoked(subjects) || (minTv !== undefined && subjects.tokenVersion < minTv)
      },
    })),
    views('revoked only by two levels', (view) => ({
      isRevoked: (subjects) =>
        view.isRevoked({ ...subjects, token: '' }) && view.isRevoked({ ...subjects, session: '' }),
    })),
    {
      name: 'a mark revokes a tv equal to the minimum',
      classes: ['revocations'],
      subject: {
        ...verifier,
        isRevokedBy: (entry, claims, keyId) =>
          verifier.isRevokedBy(entry, { ...claims, tv: claims.tv - 1 }, keyId),
      },
    },
  ]
}

function read(wrapped: Partial<RevocationView>, view: RevocationView, name: string | symbol): unknown {
  const value = wrapped[name as keyof RevocationView] ?? view[name as keyof RevocationView]
  return typeof value === 'function' ? value.bind(view) : value
}

function remember(
  users: WeakMap<RevocationView, Map<string, number>>,
  view: RevocationView,
): Map<string, number> {
  const map = users.get(view) ?? new Map<string, number>()
  users.set(view, map)
  return map
}

function recordMutants(): Mutant[] {
  const reads = (name: string, change: (record: Revocation) => object | undefined): Mutant => ({
    name,
    classes: ['records'],
    subject: {
      ...verifier,
      readRecord: (encoding, bytes) => {
        const record = verifier.readRecord(encoding, bytes)
        const changed = record && change(record)
        return changed && ({ ...record, ...changed } as Revocation)
      },
    },
  })
  return [
    reads('record: until in milliseconds', (record) =>
      record.type === 'issuer' ? { until: record.until * 1000 } : {},
    ),
    reads('record: no expiry', (record) => ('expiresAt' in record ? { expiresAt: undefined } : {})),
    reads('record: minimum tv in 32 bits', (record) =>
      record.type === 'user' ? { minTv: record.minTv | 0 } : {},
    ),
    reads('record: a key is read as a token', (record) => (record.type === 'key' ? { type: 'token' } : {})),
    reads('record: subjects without NUL', ({ subject }) => ({ subject: subject.replace('\0', '') })),
    {
      name: 'record: what cannot be read is a token of nobody',
      classes: ['records'],
      subject: {
        ...verifier,
        readRecord: (encoding, bytes) =>
          verifier.readRecord(encoding, bytes) ?? ({ type: 'token', subject: '', rseq: 0 } as Revocation),
      },
    },
    {
      name: 'record: throws for what the codec cannot read',
      classes: ['records'],
      subject: {
        ...verifier,
        readRecord: (encoding, bytes) => {
          if (encoding === 'json') JSON.parse(Buffer.from(bytes).toString())
          return verifier.readRecord(encoding, bytes)
        },
      },
    },
  ]
}

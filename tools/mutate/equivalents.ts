/** A change that no test can notice, because the program means the same with it. */
export interface Equivalent {
  readonly file: string
  /** As the tool prints it, behind the line's number. */
  readonly change: string
  readonly why: string
}

const signature = 'packages/client/src/verifier/is-signature-valid.ts'
const sameAnswer =
  'the algorithm goes by the table of the default branch then, which gives the same answers more slowly; all vectors pass either way'

const tls = 'services/auth/src/rpc/callers/tls-credentials.ts'
const callerRules = 'services/auth/src/rpc/callers/caller-rules.ts'

const onlyTruth = 'its caller asks only whether it is true'

/** The changes that somebody has looked at and found to be none; they do not count. */
export const equivalents: readonly Equivalent[] = [
  { file: signature, change: "'ES256' → ''", why: sameAnswer },
  { file: signature, change: "'RS256' → ''", why: sameAnswer },
  { file: signature, change: "'EdDSA' → ''", why: sameAnswer },
  {
    file: 'services/auth/src/domain/refresh-rules.ts',
    change: 'return false → return undefined',
    why: onlyTruth,
  },
  { file: tls, change: "'judged at' → ''", why: 'the name of a symbol, which nobody reads' },
  {
    file: callerRules,
    change: "'no certificates are judged here' → ''",
    why: 'where there is no policy no certificate is judged',
  },
  {
    file: 'packages/client/src/read-bearer.ts',
    change: "list.length === 1 && value?.startsWith('Bearer ') && value.l → false",
    why: 'the pattern below gives the same answers more slowly',
  },
]

/** Why a change is none; undefined where nobody has said so. */
export function findEquivalent(file: string, change: string): Equivalent | undefined {
  return equivalents.find((one) => one.file === file && one.change === change)
}

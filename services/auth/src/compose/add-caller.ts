import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import type { CallerKey } from '../domain/caller-policy.ts'
import { addCallerKey } from '../security/callers/add-caller-key.ts'
import { listCallableMethods } from '../security/callers/list-callable-methods.ts'
import { readCallerPolicy } from '../security/callers/read-caller-policy.ts'

/** A caller who gets a key to sign assertions with. */
export interface AddedCaller {
  /** The callers file; it is made where there is none. */
  readonly file: string
  readonly id: string
  /** Methods of a caller who is not in the file yet. */
  readonly allow: readonly string[]
  /** Where the private key goes, readable by its owner alone; undefined: nowhere. */
  readonly keyFile: string | undefined
}

/** The private key, as JWK: nobody keeps it but who gets it here. */
export interface AddedKey {
  readonly kid: string
  readonly privateJwk: string
}

/** Makes a P-256 key for a caller and writes its public half into the callers file. Throws an Error in one line where the file would not hold, and changes nothing. */
export async function addCaller({ file, id, allow, keyFile }: AddedCaller): Promise<AddedKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' })
  const kid = randomBytes(9).toString('base64url')
  const jwk: CallerKey['jwk'] = { kty: 'EC', crv: 'P-256', x, y }
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'callers: []\n'
    throw error
  })
  const after = addCallerKey(before, { id, allow, kid, jwk })
  const { faults } = readCallerPolicy(after, { methods: listCallableMethods(), trustDomain: undefined })
  if (faults.length > 0) throw new Error(`${file} would not hold: ${faults.join('; ')}`)
  const privateJwk = JSON.stringify({ kid, ...jwk, d })
  // The key first: a file without it would name a key that nobody has.
  if (keyFile !== undefined) await writeFile(keyFile, `${privateJwk}\n`, { mode: 0o600, flag: 'wx' })
  await replaceFile(file, after)
  return { kid, privateJwk }
}

/** At once: the service may read it at any moment. */
async function replaceFile(file: string, text: string): Promise<void> {
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => 0o644,
  )
  await writeFile(`${file}.new`, text, { mode })
  await rename(`${file}.new`, file)
}

import { createPrivateKey } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, makeAuthority, toAuthority } from './make-authority.ts'
import type { KeyedCertificate } from './make-certificate.ts'

/** What is to be made. */
export interface DevCertsOptions {
  readonly folder: string
  readonly trustDomain: string
  /** Services that call, such as `chat-service`. */
  readonly callers: readonly string[]
  /** Names and addresses that the auth service is reached by. */
  readonly hosts: readonly string[]
  readonly addresses: readonly string[]
  readonly days: number
  /** The callers file that a new folder begins with. */
  readonly exampleFile: string
}

const authorityName = 'ImmersiVerse development CA'
const server = 'auth-service'

/**
 * Writes certificates for first tries: an authority, which a folder keeps, and anew for each service `<name>.pem` and `<name>-key.pem`; and
 * `callers.yaml` where there is none. Keys are readable by their owner alone. Answers the files' names.
 */
export async function writeDevCerts(options: DevCertsOptions): Promise<string[]> {
  const { folder, trustDomain, callers, hosts, addresses, days, exampleFile } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const authority = await getAuthority(folder)
  const written: string[] = []
  const write = async (name: string, { cert, key }: KeyedCertificate) => {
    await writeKey(join(folder, `${name}-key.pem`), key)
    await writeFile(join(folder, `${name}.pem`), cert)
    written.push(`${name}.pem`, `${name}-key.pem`)
  }
  const toUris = (name: string) => [`spiffe://${trustDomain}/ns/prod/sa/${name}`]
  await write(server, authority.issue({ name: server, uris: toUris(server), hosts, addresses, days }))
  for (const name of callers) {
    await write(name, authority.issue({ name, uris: toUris(name), purposes: ['clientAuth'], days }))
  }
  const callersFile = join(folder, 'callers.yaml')
  if (!(await isThere(callersFile))) {
    const example = await readFile(exampleFile, 'utf8')
    await writeFile(callersFile, example.replaceAll(/spiffe:\/\/[^/\s]+\//g, `spiffe://${trustDomain}/`))
  }
  return ['ca.pem', ...written, 'callers.yaml']
}

async function getAuthority(folder: string): Promise<Authority> {
  const [certFile, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')]
  if (await isThere(keyFile)) {
    const [cert, key] = [await readFile(certFile, 'utf8'), await readFile(keyFile, 'utf8')]
    // It says so where it is none.
    createPrivateKey(key)
    return toAuthority(authorityName, { cert, key })
  }
  const authority = makeAuthority(authorityName)
  await writeKey(keyFile, authority.key)
  await writeFile(certFile, authority.cert)
  return authority
}

async function writeKey(file: string, key: string): Promise<void> {
  await writeFile(file, key, { mode: 0o600 })
}

async function isThere(file: string): Promise<boolean> {
  return await readFile(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

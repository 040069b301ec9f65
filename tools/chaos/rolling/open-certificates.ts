import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { listCallableMethods } from '../../../services/auth/src/security/callers/list-callable-methods.ts'
import { writeDevCerts } from '../../dev-certs/write-dev-certs.ts'
import type { WorldTls } from '../world/open-world.ts'

/** Certificates of the service and of its one caller, in files that are replaced while both run. */
export interface Certificates extends WorldTls, AsyncDisposable {
  /** Makes another authority, and has files trust both. */
  trustNext(): Promise<void>
  /** Replaces the service's certificate by one of the other authority. */
  replaceOfService(): Promise<void>
  replaceOfCaller(): Promise<void>
  /** Has files trust the new authority only. */
  distrustOld(): Promise<void>
  /** Whether a port of the service shows the certificate that lies in the file. */
  isShownAt(port: number): Promise<boolean>
}

/** How often files are looked at, by the service and by its caller. */
const lookEveryMs = 200
const server = 'auth-service'
const caller = 'load'

/** Makes an authority and certificates as `npm run dev-certs` does, in a folder of its own. */
export async function openCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'rolling-'))
  const at = (name: string) => join(folder, name)
  // The authority that is to come is made beside, so that nothing of it is in force before its time.
  const next = at('next')
  await mkdir(next)
  const callers = `callers:\n  - { id: spiffe://immersiverse/ns/prod/sa/${caller}, allow: [${[...listCallableMethods().keys()].join(', ')}] }\n`
  for (const place of [folder, next]) await writeFile(join(place, 'callers.yaml'), callers)
  const read = async (...names: string[]) =>
    (await Promise.all(names.map((name) => readFile(name, 'utf8')))).join('')
  const trust = async (pem: string) => {
    await writeFile(at('trusted.new'), pem)
    await rename(at('trusted.new'), at('trusted.pem'))
  }
  const replace = async (name: string) => {
    // One after the other: whoever looks in between finds a key that is not the certificate's, and waits.
    await rename(join(next, `${name}-key.pem`), at(`${name}-key.pem`))
    await rename(join(next, `${name}.pem`), at(`${name}.pem`))
  }
  await write(folder)
  await trust(await read(at('ca.pem')))
  return {
    environment: {
      AUTH_TLS_CERT: at(`${server}.pem`),
      AUTH_TLS_KEY: at(`${server}-key.pem`),
      AUTH_TLS_CLIENT_CA: at('trusted.pem'),
      AUTH_CALLERS_FILE: at('callers.yaml'),
      AUTH_RELOAD_INTERVAL: `${lookEveryMs}ms`,
    },
    client: {
      ca: at('trusted.pem'),
      cert: at(`${caller}.pem`),
      key: at(`${caller}-key.pem`),
      lookEveryMs,
    },
    async trustNext() {
      await write(next)
      await trust(await read(at('ca.pem'), join(next, 'ca.pem')))
    },
    replaceOfService: () => replace(server),
    replaceOfCaller: () => replace(caller),
    distrustOld: async () => await trust(await read(join(next, 'ca.pem'))),
    isShownAt: async (port) => {
      const shown = await readShown(port)
      return shown !== undefined && (await read(at(`${server}.pem`))).includes(shown)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

async function write(folder: string): Promise<void> {
  await writeDevCerts({
    folder,
    trustDomain: 'immersiverse',
    callers: [caller],
    hosts: ['localhost'],
    addresses: ['127.0.0.1'],
    days: 1,
    exampleFile: '',
  })
}

/** The certificate that a port shows, in base64 as PEM has it; undefined where nobody answers. */
function readShown(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Only what is shown is read; it is judged by the caller.
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    socket.once('secureConnect', () => {
      const text = socket.getPeerCertificate().raw.toString('base64')
      socket.destroy()
      resolve(text.match(/.{1,64}/g)?.join('\n'))
    })
    socket.once('error', () => resolve(undefined))
  })
}

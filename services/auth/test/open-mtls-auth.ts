import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import { type Authority, makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import type { KeyedCertificate } from '../../../tools/dev-certs/make-certificate.ts'
import { openTestAuth, type TestAuth, type TestAuthOptions } from './open-test-auth.ts'

/** The files that the service reads. */
export type CallerFile = 'server.pem' | 'server-key.pem' | 'client-ca.pem' | 'callers.yaml'

/** The service behind mTLS, with an authority of its own. */
export interface MtlsAuth extends AsyncDisposable {
  readonly auth: TestAuth
  readonly authority: Authority
  readonly folder: string
  readonly address: string
  /** Opens a connection; closed with the service. Without a certificate it shows none. */
  connect(certificate?: KeyedCertificate): Client
  /** Replaces files as one who deploys them does: each at once. */
  replace(files: Partial<Record<CallerFile, string>>): Promise<void>
}

/** What a test says of its world. */
export interface MtlsOptions extends Pick<TestAuthOptions, 'environment' | 'overrides'> {
  /** The callers file. */
  readonly callers: string
}

/** The id of a service of the tests' trust domain. */
export function toId(name: string): string {
  return `spiffe://immersiverse/ns/test/sa/${name}`
}

/** Opens it; files are looked at every 20 ms. */
export async function openMtlsAuth({ callers, environment, overrides }: MtlsOptions): Promise<MtlsAuth> {
  const stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'auth-mtls-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const authority = makeAuthority('Test CA')
  const server = authority.issue({ name: 'auth', uris: [toId('auth-service')], hosts: ['localhost'] })
  const replace: MtlsAuth['replace'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, `${name}.new`), text)
      await rename(join(folder, `${name}.new`), join(folder, name))
    }
  }
  await replace({
    'server.pem': server.cert,
    'server-key.pem': server.key,
    'client-ca.pem': authority.cert,
    'callers.yaml': callers,
  })
  const auth = await openTestAuth({
    ...(overrides ? { overrides } : {}),
    environment: {
      AUTH_TLS_CERT: join(folder, 'server.pem'),
      AUTH_TLS_KEY: join(folder, 'server-key.pem'),
      AUTH_TLS_CLIENT_CA: join(folder, 'client-ca.pem'),
      AUTH_CALLERS_FILE: join(folder, 'callers.yaml'),
      AUTH_RELOAD_INTERVAL: '20ms',
      ...environment,
    },
  })
  stack.use(auth)
  const address = `localhost:${auth.service.grpcPort}`
  const connect = (certificate?: KeyedCertificate) =>
    stack.adopt(
      new Client(address, toCredentials(authority.cert, certificate)),
      (client) => void client.close(),
    )
  const dispose = () => stack.disposeAsync()
  return { auth, authority, folder, address, connect, replace, [Symbol.asyncDispose]: dispose }
}

function toCredentials(ca: string, certificate?: KeyedCertificate) {
  const { key, cert } = certificate ?? {}
  return credentials.createSsl(
    Buffer.from(ca),
    key === undefined ? null : Buffer.from(key),
    cert === undefined ? null : Buffer.from(cert),
  )
}

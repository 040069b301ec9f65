import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { examineCallers } from '../src/compose/examine-callers.ts'
import { readConfig } from '../src/config.ts'
import { checkListener } from '../src/doctor/check-listener.ts'
import { type MtlsAuth, openMtlsAuth, toId } from './open-mtls-auth.ts'
import { testMasterKey } from './open-test-auth.ts'

const callers = `callers:\n  - { id: ${toId('chat')}, allow: [auth.v1.UserService/GetUser] }\n`

function toConfig({ folder }: MtlsAuth) {
  return readConfig({
    AUTH_MASTER_KEY: testMasterKey,
    AUTH_TLS_CERT: join(folder, 'server.pem'),
    AUTH_TLS_KEY: join(folder, 'server-key.pem'),
    AUTH_TLS_CLIENT_CA: join(folder, 'client-ca.pem'),
    AUTH_CALLERS_FILE: join(folder, 'callers.yaml'),
  })
}

describe('doctor', () => {
  it('finds certificates that end soon, and a callers file that would not hold', async () => {
    await using world = await openMtlsAuth({ callers })
    const config = toConfig(world)
    const day = 86_400_000
    const read = async (now = new Date()) => {
      const { findings } = await examineCallers(config, now)
      return findings.map(({ severity, what }) => `${severity} ${what.replace(/\d.*/, '…')}`)
    }
    const authority = 'ok an authority of AUTH_TLS_CLIENT_CA (CN=Test CA) expires in …'
    assert.deepEqual(await read(), [
      'ok that of AUTH_TLS_CERT expires in …',
      authority,
      'ok AUTH_CALLERS_FILE names …',
    ])
    const [soon] = await read(new Date(Date.now() + 20 * day))
    assert.equal(soon, 'warning that of AUTH_TLS_CERT expires in …')
    const [late] = await read(new Date(Date.now() + 40 * day))
    assert.match(late ?? '', /^error AUTH_TLS_CERT: expired at/)
    await world.replace({ 'callers.yaml': callers.replace('chat', '.') })
    assert.match((await read())[0] ?? '', /^error AUTH_CALLERS_FILE: line …/)
  })

  it('asks a listener with TLS, and shows it the certificate of the service', async () => {
    await using world = await openMtlsAuth({ callers })
    const [cert, key] = [
      await readFile(join(world.folder, 'server.pem')),
      await readFile(join(world.folder, 'server-key.pem')),
    ]
    const [finding] = await checkListener(world.address, Date.now(), { cert, key })
    assert.deepEqual(finding, { check: 'grpc', severity: 'ok', what: `${world.address} serves` })
    const [plain] = await checkListener(world.address, Date.now())
    assert.equal(plain?.severity, 'error')
  })
})

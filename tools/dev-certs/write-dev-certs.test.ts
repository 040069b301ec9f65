import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { writeDevCerts } from './write-dev-certs.ts'

describe('writeDevCerts', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dev-certs-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const write = async (callers: readonly string[]) => {
    const exampleFile = join(folder, 'example.yaml')
    await writeFile(exampleFile, 'callers:\n')
    const out = join(folder, 'certs')
    await writeDevCerts({
      folder: out,
      trustDomain: 'test',
      callers,
      hosts: ['localhost'],
      addresses: ['127.0.0.1', '::1'],
      days: 2,
      exampleFile,
    })
    return async (name: string) => new X509Certificate(await readFile(join(out, name)))
  }

  it('makes certificates of one authority that say who may be what', async () => {
    const read = await write(['chat-service'])
    const authority = await read('ca.pem')
    const server = await read('auth-service.pem')
    const caller = await read('chat-service.pem')
    for (const one of [server, caller]) {
      assert.ok(one.verify(authority.publicKey))
      assert.equal(one.ca, false)
    }
    assert.equal(caller.subjectAltName, 'URI:spiffe://test/ns/prod/sa/chat-service')
    assert.deepEqual(caller.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    assert.equal(server.checkHost('localhost'), 'localhost')
    assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1')
    assert.equal(server.checkIP('::1'), '::1')
  })

  it('keeps the authority and a callers file, and keys to their owner', async () => {
    const read = await write(['chat-service'])
    const before = (await read('ca.pem')).fingerprint256
    await writeFile(join(folder, 'certs', 'callers.yaml'), 'mine')
    assert.equal((await (await write(['other']))('ca.pem')).fingerprint256, before)
    assert.equal(await readFile(join(folder, 'certs', 'callers.yaml'), 'utf8'), 'mine')
    for (const name of ['ca-key.pem', 'auth-service-key.pem', 'other-key.pem']) {
      assert.equal((await stat(join(folder, 'certs', name))).mode & 0o077, 0, name)
    }
  })
})

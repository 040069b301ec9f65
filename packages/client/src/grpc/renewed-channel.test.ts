import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  Channel,
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { makeAuthority } from '../../../../tools/dev-certs/make-authority.ts'
import { waitUntil } from '../test/wait-until.ts'
import { RenewedChannel } from './renewed-channel.ts'
import { toCredentials } from './tls-options.ts'

const pass = (bytes: Buffer) => bytes
const authority = makeAuthority('Test CA')
const coding = {
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
}

describe('RenewedChannel', () => {
  let folder: string
  let server: Server
  let address: string
  const stack = new AsyncDisposableStack()

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'renewed-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    server = new Server()
    stack.defer(() => server.forceShutdown())
    server.addService(
      {
        who: { path: '/test.Test/Who', requestStream: false, responseStream: false, ...coding },
        echo: { path: '/test.Test/Echo', requestStream: true, responseStream: true, ...coding },
      },
      {
        who: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) =>
          done(null, Buffer.from(String(call.getAuthContext().sslPeerCertificate?.subject.CN))),
        echo: (call: NodeJS.ReadWriteStream) => {
          call.on('data', (bytes: Buffer) => call.write(bytes))
          call.on('end', () => call.end())
        },
      },
    )
    const { key, cert } = authority.issue({ name: 'server', hosts: ['localhost'] })
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }
    const own = ServerCredentials.createSsl(Buffer.from(authority.cert), [pair], true)
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('localhost:0', own, (error, bound) => (error ? reject(error) : resolve(bound)))
    })
    address = `localhost:${port}`
  })
  after(() => stack.disposeAsync())

  const write = async (name: string, by = authority) => {
    const { cert, key } = by.issue({ name })
    await writeFile(join(folder, 'key.pem'), key)
    await writeFile(join(folder, 'cert.pem'), cert)
  }
  const open = async () => {
    await write('first')
    const faults: object[] = []
    let closed = 0
    const channel = new RenewedChannel({
      tls: { ca: Buffer.from(authority.cert), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
      makeChannel: (material) => {
        const made = new Channel(address, toCredentials(material), {})
        const close = made.close.bind(made)
        made.close = () => {
          closed++
          close()
        }
        return made
      },
      logger: { warn: () => undefined, error: (fields) => faults.push(fields) },
      lookEveryMs: 10,
      handOverMs: 10,
    })
    const client = new Client(address, credentials.createInsecure(), { channelOverride: channel })
    stack.defer(() => client.close())
    return { client, faults, closed: () => closed }
  }
  const ask = (client: Client) =>
    new Promise<string>((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Buffer) =>
        error ? reject(error) : resolve(String(answer))
      client.makeUnaryRequest('/test.Test/Who', pass, pass, Buffer.alloc(0), done)
    })
  const askUntil = async (client: Client, name: string) => {
    let seen = ''
    const work = (async () => {
      while (seen !== name) seen = await ask(client)
    })()
    await waitUntil(`${name} is seen`, () => seen === name, 30_000)
    await work
  }

  it('uses a new certificate without a failed call, and finishes what runs over the old one', async () => {
    const { client, closed } = await open()
    assert.equal(await ask(client), 'first')
    const stream = client.makeBidiStreamRequest('/test.Test/Echo', pass, pass)
    const echo = async (text: string) => {
      const answer = once(stream, 'data')
      stream.write(Buffer.from(text))
      assert.deepEqual(await answer, [Buffer.from(text)])
    }
    await echo('before')
    await write('second')
    await askUntil(client, 'second')
    await waitUntil('the old connection is given up', () => closed() === 1)
    await echo('after')
    stream.end()
    await once(
      stream.on('data', () => undefined),
      'end',
    )
  })

  it('keeps what it has where the new one is not accepted, cannot be read, or is only half there', async () => {
    const { client, faults } = await open()
    assert.equal(await ask(client), 'first')
    await writeFile(join(folder, 'key.pem'), makeAuthority('x').key)
    await waitUntil('the half is told', () => faults.length === 1)
    // Between the writes of the two files halves are seen again, and told again.
    const refusals = () => faults.filter((told) => JSON.stringify(told).includes('does not answer')).length
    await write('stranger', makeAuthority('Other CA'))
    await waitUntil('the refusal is told', () => refusals() === 1, 30_000)
    assert.equal(await ask(client), 'first')
    await write('second')
    await askUntil(client, 'second')
    assert.equal(refusals(), 1)
  })
})

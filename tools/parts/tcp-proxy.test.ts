import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTcpProxy } from './tcp-proxy.ts'

describe('a TCP proxy', () => {
  let echo: Server

  before(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => {})
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(echo, 'listening')
  })

  after(() => echo.close())

  const echoPort = () => (echo.address() as AddressInfo).port

  test('carries bytes both ways, and the end of the stream', async () => {
    await using proxy = await openTcpProxy({ port: echoPort() })
    const socket = connect(proxy.port, '127.0.0.1')
    socket.end('hello')
    assert.equal(await readAll(socket), 'hello')
  })

  test('cut: resets what is open and refuses what comes, until healed', async () => {
    await using proxy = await openTcpProxy({ port: echoPort() })
    const open = connect(proxy.port, '127.0.0.1')
    open.write('x')
    await once(open, 'data')
    proxy.cut()
    await assert.rejects(once(open, 'end'), { code: 'ECONNRESET' })
    const late = connect(proxy.port, '127.0.0.1')
    await assert.rejects(once(late, 'end'), { code: 'ECONNRESET' })
    proxy.heal()
    const healed = connect(proxy.port, '127.0.0.1')
    healed.end('again')
    assert.equal(await readAll(healed), 'again')
  })

  test('a silent cut keeps connections open and carries nothing, until healed', async () => {
    await using proxy = await openTcpProxy({ port: echoPort() })
    const socket = connect(proxy.port, '127.0.0.1')
    socket.write('a')
    await once(socket, 'data')
    proxy.cut('silent')
    const late = connect(proxy.port, '127.0.0.1')
    socket.end('b')
    late.end('c')
    const answers = [readAll(socket), readAll(late)]
    const first = await Promise.race([...answers, sleep(100, 'nothing')])
    assert.equal(first, 'nothing')
    proxy.heal()
    assert.deepEqual(await Promise.all(answers), ['b', 'c'])
  })

  test('resets connections to a target that is not there', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await using proxy = await openTcpProxy({ port })
    await assert.rejects(once(connect(proxy.port, '127.0.0.1'), 'end'), { code: 'ECONNRESET' })
  })
})

async function readAll(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

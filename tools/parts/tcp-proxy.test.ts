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

  test('a deaf cut carries what is sent and no answer, until healed', async () => {
    const heard: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        heard.push(String(chunk))
        socket.end('answer')
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await using proxy = await openTcpProxy({ port: (server.address() as AddressInfo).port })
    proxy.cut('deaf')
    const socket = connect(proxy.port, '127.0.0.1')
    socket.write('question')
    const answer = readAll(socket)
    while (heard.length === 0) await sleep(1)
    assert.equal(await Promise.race([answer, sleep(100, 'nothing')]), 'nothing')
    proxy.heal()
    assert.equal(await answer, 'answer')
    server.close()
  })

  test('a delay keeps the order and the end, and is over when healed', async () => {
    await using proxy = await openTcpProxy({ port: echoPort() })
    proxy.delay(60)
    const socket = connect(proxy.port, '127.0.0.1')
    const begunAtMs = performance.now()
    socket.write('a')
    socket.write('b')
    socket.end('c')
    assert.equal(await readAll(socket), 'abc')
    // Once on the way there and once on the way back; timers may be a millisecond early.
    assert.ok(performance.now() - begunAtMs >= 118)
    proxy.heal()
    const healed = connect(proxy.port, '127.0.0.1')
    healed.end('again')
    assert.equal(await readAll(healed), 'again')
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

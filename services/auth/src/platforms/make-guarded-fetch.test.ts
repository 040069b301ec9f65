import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { isPrivateAddress } from './is-private-address.ts'
import { makeGuardedFetch } from './make-guarded-fetch.ts'
import { PlatformError } from './platform-error.ts'

const options = { timeoutMs: 2_000, maxBytes: 1_000, privateHosts: new Set(['127.0.0.1', 'localhost']) }
const toRequest = (url: string) => ({ method: 'GET' as const, url, headers: {}, body: undefined })

describe('The way out to platforms', () => {
  let server: Server
  let url: string
  let asked = 0

  before(async () => {
    server = createServer((request, response) => {
      asked += 1
      if (request.url === '/large') response.end('x'.repeat(1_001))
      else if (request.url === '/redirect') response.writeHead(302, { location: '/' }).end()
      else if (request.url === '/silent') response.flushHeaders()
      else response.end('x'.repeat(1_000))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const isUnavailable = (error: unknown) => error instanceof PlatformError && error.fault === 'UNAVAILABLE'

  test('answers of the allowed size come, larger ones are cut', async () => {
    const fetch = makeGuardedFetch(options)
    assert.equal((await (await fetch(toRequest(`${url}/`))).text()).length, 1_000)
    await assert.rejects(fetch(toRequest(`${url}/large`)), isUnavailable)
  })

  test('a redirect is an answer, not a way', async () => {
    const before = asked
    const { status } = await makeGuardedFetch(options)(toRequest(`${url}/redirect`))
    assert.equal(status, 302)
    assert.equal(asked, before + 1)
  })

  test('an answer that does not end is given up', async () => {
    const fetch = makeGuardedFetch({ ...options, timeoutMs: 100 })
    await assert.rejects(fetch(toRequest(`${url}/silent`)), isUnavailable)
  })

  test('without leave no private address is connected to, by number or by name, and nothing goes without TLS', async () => {
    const fetch = makeGuardedFetch({ ...options, privateHosts: new Set() })
    const before = asked
    const { port } = new URL(url)
    for (const host of [
      '127.0.0.1',
      'localhost',
      '169.254.169.254',
      '10.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0x7f.1',
    ]) {
      await assert.rejects(fetch(toRequest(`https://${host}:${port}/`)), isUnavailable, host)
    }
    await assert.rejects(fetch(toRequest(`${url}/`)), isUnavailable)
    await assert.rejects(makeGuardedFetch(options)(toRequest('http://example.org/')), isUnavailable)
    assert.equal(asked, before)
  })
})

test('addresses that are not public are private', () => {
  for (const address of [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
    ...[
      '192.168.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      'fe80::1',
      'fc00::1',
    ],
    ...['::ffff:8.8.8.8', '64:ff9b::808:808', '2001:db8::1', '2002:7f00:1::', '3fff::1', 'not an address'],
  ]) {
    assert.equal(isPrivateAddress(address), true, address)
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2001:4860:4860::8888']) {
    assert.equal(isPrivateAddress(address), false, address)
  }
})

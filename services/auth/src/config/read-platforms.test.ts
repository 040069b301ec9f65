import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, readConfig } from '../config.ts'

const twitch = { PLATFORM_TWITCH_CLIENT_ID: 'id', PLATFORM_TWITCH_CLIENT_SECRET: 'secret' }
const acme = {
  PLATFORM_ACME_CLIENT_ID: 'id',
  PLATFORM_ACME_CLIENT_SECRET: 'secret',
  PLATFORM_ACME_ISSUER: 'https://id.acme.example',
  PLATFORM_ACME_AUTHORIZATION_URL: 'https://id.acme.example/authorize',
  PLATFORM_ACME_TOKEN_URL: 'https://id.acme.example/token',
  PLATFORM_ACME_JWKS_URL: 'https://id.acme.example/jwks',
}

function readFaults(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

test('a known platform needs no more than an id and a secret', () => {
  const [platform, ...more] = readConfig(twitch).platforms
  assert.deepEqual(more, [])
  assert.deepEqual([platform?.name, platform?.clientId, platform?.clientSecret], ['twitch', 'id', 'secret'])
  assert.equal(platform?.tokenUrl, undefined)
})

test('any other is an OpenID provider, and says where it listens', () => {
  const { platforms } = readConfig({ ...acme, PLATFORM_ACME_SCOPES: 'openid, profile' })
  assert.deepEqual(platforms[0]?.scopes, ['openid', 'profile'])
  const { PLATFORM_ACME_JWKS_URL: _keys, ...lacking } = acme
  assert.deepEqual(readFaults(lacking), ['PLATFORM_ACME_JWKS_URL: needed with the others of ACME'])
})

test('half a platform, a misspelt setting and a URL without TLS are told, all at once', () => {
  const faults = readFaults({
    ...twitch,
    PLATFORM_KICK_CLIENT_ID: 'id',
    PLATFORM_TWITCH_TOKEN_ULR: 'https://a.example',
    PLATFORM_TWITCH_PKCE: 'yes',
  })
  assert.deepEqual(faults, [
    'PLATFORM_TWITCH_TOKEN_ULR: there is no such setting',
    'PLATFORM_TWITCH_PKCE: must be true or false',
    'PLATFORM_KICK_CLIENT_SECRET: needed with the others of KICK',
  ])
  const [plain] = readFaults({ ...twitch, PLATFORM_TWITCH_TOKEN_URL: 'http://id.twitch.tv/token' })
  assert.match(plain ?? '', /^PLATFORM_TWITCH_TOKEN_URL: must be https:/)
  const loopback = {
    PLATFORM_TWITCH_TOKEN_URL: 'http://127.0.0.1:1/token',
    PLATFORM_PRIVATE_HOSTS: '127.0.0.1',
  }
  assert.deepEqual(readFaults({ ...twitch, ...loopback }), [])
})

test('a redirect URI stands in its normal form, over TLS or at loopback', () => {
  const read = (uris: string) => readFaults({ PLATFORM_REDIRECT_URIS: uris })
  assert.deepEqual(read('https://app.example/connected,http://localhost:3000/connected'), [])
  for (const uri of [
    'https://app.example',
    'http://app.example/',
    'https://app.example/?x=1',
    '/connected',
    'https://app.example/#a',
  ]) {
    assert.equal(read(uri).length, 1, uri)
  }
})

test('variables that belong to somebody else are left alone', () => {
  assert.deepEqual(readFaults({ PLATFORM_APPLICATION_NAME: 'app', PLATFORM_BRANCH: 'main' }), [])
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { platformNames } from '../config/platform-names.ts'
import { knownPlatforms } from './known-platforms.ts'
import type { PlatformAnswer, PlatformFacts } from './platform-facts.ts'
import { findText } from './read-json.ts'

/** What each platform is asked for, letter by letter: whoever widens it has to say so here. */
const scopes: Readonly<Record<string, readonly string[]>> = {
  twitch: [],
  youtube: ['openid', 'https://www.googleapis.com/auth/youtube.readonly'],
  facebook: ['public_profile'],
  discord: ['identify'],
  kick: ['user:read'],
  soop: [],
  chzzk: [],
}

/** What each file has to say, be it that there is none. */
const fields: readonly (keyof PlatformFacts)[] = [
  ...([
    'name',
    'title',
    'docs',
    'issuer',
    'sendsIssuer',
    'authorizationUrl',
    'tokenUrl',
    'accountUrl',
  ] as const),
  ...([
    'revocationUrl',
    'jwksUrl',
    'pkce',
    'openId',
    'scopes',
    'authorizationParameters',
    'renewal',
  ] as const),
  ...([
    'clientAuthentication',
    'accessTokenMs',
    'idleRenewalMs',
    'revokes',
    'login',
    'toAccountRequest',
  ] as const),
  'findIdentity',
]

/** What an account's endpoint answers, and whom it means. */
const accounts: Readonly<Record<string, readonly [unknown, string, string]>> = {
  twitch: [
    { data: [{ id: '141981764', login: 'twitchdev', display_name: 'TwitchDev' }] },
    '141981764',
    'twitchdev',
  ],
  youtube: [
    { items: [{ id: 'UC_x5XG1OV2P6uZZ5FSM9Ttw', snippet: { title: 'A channel' } }] },
    'UC_x5XG1OV2P6uZZ5FSM9Ttw',
    'A channel',
  ],
  facebook: [{ id: '10158', name: 'Mina Kim' }, '10158', 'Mina Kim'],
  discord: [{ id: '80351110224678912', username: 'nelly' }, '80351110224678912', 'nelly'],
  kick: [{ data: [{ user_id: 123456, name: 'streamer' }], message: 'OK' }, '123456', 'streamer'],
  soop: [
    {
      result: 1,
      data: {
        user_nick: '방송인',
        profile_image: 'https://profile.img.sooplive.co.kr/LOGO/st/streamer1/streamer1.jpg',
      },
    },
    'streamer1',
    '방송인',
  ],
  chzzk: [
    { code: 200, message: null, content: { channelId: '909501f0', channelName: '치지직' } },
    '909501f0',
    '치지직',
  ],
}

describe('The platforms', () => {
  test('are those that the configuration knows', () => {
    assert.deepEqual([...knownPlatforms.keys()], [...platformNames])
  })

  for (const [name, facts] of knownPlatforms) {
    describe(name, () => {
      test('says everything, over https, with pages of the platform', () => {
        for (const field of fields) assert.ok(Object.hasOwn(facts, field), field)
        const urls = [facts.authorizationUrl, facts.tokenUrl, facts.accountUrl, facts.issuer, ...facts.docs]
        for (const url of [...urls, facts.revocationUrl, facts.jwksUrl]) {
          if (url !== undefined) assert.equal(new URL(url).protocol, 'https:', url)
        }
        assert.notEqual(facts.accountUrl, undefined)
        assert.notEqual(facts.toAccountRequest, undefined)
        assert.notEqual(facts.title, '')
        assert.match(facts.name, /^[a-z]{2,32}$/)
        assert.ok(facts.accessTokenMs >= 3_600_000)
        assert.ok(facts.idleRenewalMs >= 3_600_000 && facts.idleRenewalMs <= 7 * 86_400_000)
        assert.equal(facts.openId, facts.scopes.includes('openid'))
        assert.equal(facts.openId, facts.jwksUrl !== undefined)
      })

      test('asks for the least', () => {
        assert.deepEqual(facts.scopes, scopes[name])
        assert.ok(!facts.scopes.some((scope) => /mail|write|manage|modify/.test(scope)))
      })

      test('names the account by what stays, and nobody where the answer does not', () => {
        const [json, subject, username] = accounts[name] ?? []
        assert.deepEqual(facts.findIdentity?.(json), { subject, username })
        for (const nothing of [
          undefined,
          null,
          [],
          {},
          { data: [] },
          { items: [] },
          { content: null },
          'text',
        ]) {
          assert.equal(facts.findIdentity?.(nothing), undefined)
        }
      })
    })
  }
})

for (const page of ['docs/platforms.md', 'docs/platforms.ko.md']) {
  test(`${page} has a section for each platform, with where to get credentials and each scope`, async () => {
    const text = await readFile(new URL(`../../../../${page}`, import.meta.url), 'utf8')
    for (const { name, scopes, title } of knownPlatforms.values()) {
      const [, section = ''] = text.split(`### ${title} (\`${name.toUpperCase()}\`)\n`)
      const [own = ''] = section.split('\n#')
      assert.match(own, /\]\(https:\/\//, title)
      for (const scope of scopes) {
        assert.ok(own.includes(`\`${scope.split('/').at(-1)}\``), `${title}: ${scope}`)
      }
    }
  })
}

describe('What is particular about a platform', () => {
  const getFacts = (name: string): PlatformFacts => {
    const facts = knownPlatforms.get(name)
    if (facts === undefined) throw new Error(`no ${name}`)
    return facts
  }
  const translate = (name: string, status: number, json: unknown): PlatformAnswer => {
    const answer = getFacts(name).toTokenAnswer?.({ status, json })
    if (answer === undefined) throw new Error(`${name} translates nothing`)
    return answer
  }
  const readError = ({ json }: PlatformAnswer) => findText(json, 'error')

  test("Twitch's list of scopes becomes a text, and its refusals get their standard names", () => {
    assert.deepEqual(translate('twitch', 200, { access_token: 'a', scope: ['chat:read', 'bits:read'] }), {
      status: 200,
      json: { access_token: 'a', scope: 'chat:read bits:read' },
    })
    for (const body of [
      { status: 400, message: 'Invalid refresh token' },
      { error: 'Unauthorized', status: 401, message: 'Invalid refresh token' },
      { status: 400, message: 'Invalid authorization code' },
    ]) {
      const answer = translate('twitch', body.status, body)
      assert.equal(readError(answer), 'invalid_grant')
    }
    const ours = translate('twitch', 403, { status: 403, message: 'invalid client secret' })
    assert.equal(readError(ours), 'invalid_client')
    assert.deepEqual(translate('twitch', 503, {}), { status: 503, json: {} })
  })

  test("CHZZK's camelCase JSON and envelope", () => {
    const chzzk = getFacts('chzzk')
    const url = chzzk.toAuthorizationUrl?.(
      new URL(
        'https://chzzk.naver.com/account-interlock?client_id=c&redirect_uri=https://a/b&state=s&response_type=code',
      ),
    )
    assert.deepEqual(
      [...(url?.searchParams ?? [])],
      [
        ['clientId', 'c'],
        ['redirectUri', 'https://a/b'],
        ['state', 's'],
      ],
    )
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code: 'x',
      state: 's',
      client_id: 'c',
    })
    const request = chzzk.toTokenRequest?.(chzzk.tokenUrl, form)
    assert.deepEqual(JSON.parse(request?.body ?? ''), {
      grantType: 'authorization_code',
      code: 'x',
      state: 's',
      clientId: 'c',
    })
    assert.equal(request?.headers['content-type'], 'application/json')
    const content = { accessToken: 'a', refreshToken: 'r', tokenType: 'Bearer', expiresIn: '86400' }
    assert.deepEqual(translate('chzzk', 200, { code: 200, message: null, content }), {
      status: 200,
      json: { access_token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: 86_400 },
    })
    const toError = (status: number, message: string) =>
      readError(translate('chzzk', status, { code: status, message }))
    assert.equal(toError(401, 'INVALID_TOKEN'), 'invalid_grant')
    assert.equal(toError(401, 'INVALID_CLIENT'), 'invalid_client')
    assert.equal(toError(500, 'INTERNAL_SERVER_ERROR'), 'temporarily_unavailable')
    // Their API has moved, or takes something else by now: that ends nobody's grant.
    assert.equal(toError(404, 'NOT_FOUND'), 'invalid_client')
    assert.equal(toError(400, 'BAD_REQUEST'), 'invalid_client')
    const revocation = chzzk.toRevocation?.(chzzk.revocationUrl ?? '', 't', {
      clientId: 'c',
      clientSecret: 's',
    })
    assert.deepEqual(JSON.parse(revocation?.body ?? ''), {
      ...{ clientId: 'c', clientSecret: 's', token: 't', tokenTypeHint: 'refresh_token' },
    })
  })

  test("Facebook's exchange of a token for a longer one, its errors and its revocation", () => {
    const facebook = getFacts('facebook')
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 't', client_id: 'c' })
    const body = new URLSearchParams(facebook.toTokenRequest?.(facebook.tokenUrl, form).body)
    assert.equal(body.get('grant_type'), 'fb_exchange_token')
    assert.equal(body.get('fb_exchange_token'), 't')
    assert.equal(body.get('refresh_token'), null)
    const toError = (code: number, message = 'm') =>
      readError(translate('facebook', 400, { error: { message, code } }))
    assert.equal(toError(190), 'invalid_grant')
    assert.equal(toError(100, 'This authorization code has been used.'), 'invalid_grant')
    assert.equal(toError(100, 'Invalid verification code format.'), 'invalid_grant')
    assert.equal(toError(4), 'temporarily_unavailable')
    assert.equal(toError(101), 'invalid_client')
    // What may be the request's fault ends nobody's grant.
    assert.equal(toError(100, 'Unsupported parameter'), 'invalid_client')
    assert.equal(toError(1, 'Error validating client secret.'), 'invalid_client')
    assert.equal(toError(1), 'temporarily_unavailable')
    const revocation = facebook.toRevocation?.(facebook.revocationUrl ?? '', 't', {
      clientId: '',
      clientSecret: '',
    })
    assert.equal(revocation?.method, 'DELETE')
    assert.equal(revocation?.headers.authorization, 'Bearer t')
  })

  test("Twitch's API and Kick's revocation get what they want beside the token", () => {
    const twitch = getFacts('twitch')
    const request = twitch.toAccountRequest?.(twitch.accountUrl ?? '', 't', {
      clientId: 'c',
      clientSecret: '',
    })
    assert.equal(request?.headers['client-id'], 'c')
    const kick = getFacts('kick')
    const { searchParams } = new URL(
      kick.toRevocation?.(kick.revocationUrl ?? '', 't', { clientId: '', clientSecret: '' }).url ?? '',
    )
    assert.deepEqual([searchParams.get('token'), searchParams.get('token_hint_type')], ['t', 'refresh_token'])
  })

  test('a SOOP answer without a token is a refusal without a word about the grant', () => {
    assert.equal(readError(translate('soop', 200, { result: -1 })), 'invalid_request')
    assert.deepEqual(translate('soop', 200, { access_token: 'a' }).json, {
      ...{ token_type: 'bearer', access_token: 'a' },
    })
    assert.deepEqual(translate('soop', 502, {}), { status: 502, json: {} })
  })

  test('a SOOP picture that is not the account’s own path names nobody', () => {
    const soop = getFacts('soop')
    const find = (picture: string) =>
      soop.findIdentity?.({ data: { profile_image: picture, user_nick: 'n' } })
    assert.equal(find('https://profile.img.sooplive.co.kr/LOGO/st/streamer1/other.jpg'), undefined)
    assert.equal(find('https://profile.img.sooplive.co.kr/streamer1.jpg'), undefined)
    assert.equal(soop.login, false)
  })
})

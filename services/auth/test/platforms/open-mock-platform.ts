import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Events, OAuth2Server } from 'oauth2-mock-server'

/** How a platform differs from others. */
export interface MockQuirks {
  /** Each refresh answers with another refresh token, and the one before is refused. */
  readonly rotates?: boolean
  readonly expiresInSeconds?: number
  /** No refresh token at all. */
  readonly isShortLived?: boolean
  /** An OpenID Connect provider: the person stands in the ID token, and there is no account to read. */
  readonly isOpenId?: boolean
  /** What ID tokens are signed with; RS256 by default. */
  readonly algorithm?: string
  /** Said instead of what the platform's file says. */
  readonly pkce?: boolean
  /** The redirect carries `iss` (RFC 9207). */
  readonly sendsIssuer?: boolean
  /** What the account's endpoint answers. */
  readonly toAccount?: (person: MockPerson) => unknown
}

/** Whose account the platform's next code is for. */
export interface MockPerson {
  readonly id: string
  readonly name: string
}

/** Answers a request in the platform's place; true when it did. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

/** A platform of the tests' own, made of oauth2-mock-server, that counts what it is asked. */
export interface MockPlatform extends AsyncDisposable {
  readonly url: string
  /** `PLATFORM_<NAME>_…`, with all endpoints here. */
  readonly environment: Record<string, string>
  readonly counts: { exchange: number; renew: number; account: number }
  readonly revoked: string[]
  person: MockPerson
  /** Codes that are taken. */
  readonly codes: Set<string>
  /** Refresh tokens that are taken. */
  readonly refreshTokens: Set<string>
  /** Refresh tokens that were shown and taken. */
  readonly shown: string[]
  /** Ends all grants, as people do on a page of the platform. */
  endGrants(): Promise<void>
  /** Changes answers of the token endpoint; the form that was sent is given. */
  onToken: ((answer: TokenAnswer, form: Readonly<Record<string, string>>) => void) | undefined
  /** Comes before everything else. */
  intercept: Intercept | undefined
  close(): Promise<void>
}

/** An answer of the token endpoint that may be changed. */
export interface TokenAnswer {
  body: Record<string, unknown> | ''
  statusCode: number
}

let accounts = 0

/** A person that no other test has. */
export function makePerson(): MockPerson {
  accounts += 1
  return { id: `${Date.now()}${accounts}`, name: `streamer${accounts}` }
}

/** Opens a platform under a name that the service knows, or as any OpenID Connect provider. */
export async function openMockPlatform(name: string, quirks: MockQuirks = {}): Promise<MockPlatform> {
  const mock = new OAuth2Server()
  await mock.issuer.keys.generate(quirks.algorithm ?? 'RS256')
  const server = createServer(async (request, response) => {
    if (await platform.intercept?.(request, response)) return
    if (request.url?.split('?', 1)[0] === '/revoke')
      return await answerRevocation(platform, request, response)
    mock.service.requestHandler(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  mock.issuer.url = url
  const close = async () => {
    server.closeAllConnections()
    server.close()
  }
  const platform: MockPlatform = {
    url,
    environment: toEnvironment(name, url, quirks),
    counts: { exchange: 0, renew: 0, account: 0 },
    revoked: [],
    codes: new Set(),
    refreshTokens: new Set(),
    shown: [],
    endGrants: async () => platform.refreshTokens.clear(),
    person: makePerson(),
    onToken: undefined,
    intercept: undefined,
    close,
    [Symbol.asyncDispose]: close,
  }
  addTokens(mock, platform, quirks)
  mock.service.on(Events.BeforeTokenSigning, ({ payload }) => {
    if (quirks.isOpenId) payload.sub = platform.person.id
  })
  mock.service.on(Events.BeforeUserinfo, (answer) => {
    platform.counts.account += 1
    answer.body = (quirks.toAccount ?? toTwitchAccount)(platform.person) as never
  })
  return platform
}

/** The mock does not read what is to be revoked; Kick wants it in the query. */
async function answerRevocation(
  { refreshTokens, revoked }: MockPlatform,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const query = new URL(request.url ?? '', 'http://localhost').searchParams
  const token = query.get('token') ?? new URLSearchParams(await text(request)).get('token') ?? ''
  revoked.push(token)
  refreshTokens.delete(token)
  response.writeHead(200).end()
}

function toTwitchAccount({ id, name }: MockPerson) {
  return { data: [{ id, login: name }] }
}

function toEnvironment(name: string, url: string, { isOpenId, pkce }: MockQuirks): Record<string, string> {
  const prefix = `PLATFORM_${name.toUpperCase()}`
  return {
    [`${prefix}_CLIENT_ID`]: 'client',
    [`${prefix}_CLIENT_SECRET`]: 'secret',
    [`${prefix}_ISSUER`]: url,
    [`${prefix}_AUTHORIZATION_URL`]: `${url}/authorize`,
    [`${prefix}_TOKEN_URL`]: `${url}/token`,
    ...(isOpenId ? {} : { [`${prefix}_ACCOUNT_URL`]: `${url}/userinfo` }),
    ...(pkce === undefined ? {} : { [`${prefix}_PKCE`]: String(pkce) }),
    [`${prefix}_REVOCATION_URL`]: `${url}/revoke`,
    [`${prefix}_JWKS_URL`]: `${url}/jwks`,
    PLATFORM_PRIVATE_HOSTS: '127.0.0.1',
  }
}

/** The mock takes any code and any refresh token: which serve, and how often, is kept here. */
function addTokens(mock: OAuth2Server, platform: MockPlatform, quirks: MockQuirks): void {
  const { codes } = platform
  mock.service.on(Events.BeforeAuthorizeRedirect, ({ url }) => {
    codes.add(url.searchParams.get('code') ?? '')
    if (quirks.sendsIssuer) url.searchParams.set('iss', platform.url)
  })
  mock.service.on(Events.BeforeResponse, (answer, request) => {
    const form = request.body as unknown as Record<string, string>
    const isRefresh = form.grant_type === 'refresh_token'
    platform.counts[isRefresh ? 'renew' : 'exchange'] += 1
    const given = form.refresh_token ?? ''
    const isKnown = isRefresh ? platform.refreshTokens.has(given) : codes.delete(form.code ?? '')
    const changed = answer as unknown as TokenAnswer
    if (isRefresh && isKnown) platform.shown.push(given)
    if (!isKnown) refuse(changed)
    else if (typeof changed.body === 'object') fill(changed.body, platform, quirks, given)
    platform.onToken?.(changed, form)
  })
}

function refuse(answer: TokenAnswer): void {
  answer.statusCode = 400
  answer.body = { error: 'invalid_grant' }
}

let issued = 0

function fill(
  body: Record<string, unknown>,
  { refreshTokens }: MockPlatform,
  { rotates = false, expiresInSeconds = 3600, isShortLived = false }: MockQuirks,
  given: string,
): void {
  issued += 1
  body.access_token = `access-${issued}`
  body.expires_in = expiresInSeconds
  const keeps = given !== '' && !rotates
  if (keeps || isShortLived) delete body.refresh_token
  else {
    refreshTokens.delete(given)
    body.refresh_token = `refresh-${issued}`
    refreshTokens.add(String(body.refresh_token))
  }
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import type { Intercept } from './open-mock-platform.ts'

/** What a test decides about it. */
export interface OidcQuirks {
  readonly redirectUris: readonly string[]
  /** Without it a person has to press a button, as in a browser. */
  readonly isAutomatic?: boolean
  readonly rotates?: boolean
  /** False: neither asked for nor sent. */
  readonly pkce?: boolean
  /** No refresh token at all. */
  readonly isShortLived?: boolean
  readonly accessTokenSeconds?: number
}

/** A platform made of oidc-provider, which is certified. */
export interface OidcPlatform extends AsyncDisposable {
  readonly url: string
  readonly environment: Record<string, string>
  /** Whose account the next login is. */
  accountId: string
  readonly provider: Provider
  /** Grants that were revoked. */
  readonly revokedGrants: string[]
  /** Refresh tokens that were shown and taken. */
  readonly shown: string[]
  /** Comes before everything else. */
  intercept: Intercept | undefined
  /** Ends all grants, as people do on a page of the platform. */
  endGrants(): Promise<void>
  close(): Promise<void>
}

/** Opens it under a name of its own; the service knows it by configuration alone. */
export async function openOidcPlatform(name: string, quirks: OidcQuirks): Promise<OidcPlatform> {
  const handle = { current: (_request: IncomingMessage, _response: ServerResponse) => {} }
  const server = createServer((request, response) => handle.current(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = makeProvider(url, quirks)
  const grantIds: string[] = []
  const close = async () => {
    server.closeAllConnections()
    server.close()
  }
  const platform: OidcPlatform = {
    url,
    environment: { ...toEnvironment(name, url), ...toPkce(name, quirks) },
    accountId: 'somebody',
    provider,
    revokedGrants: [],
    shown: [],
    intercept: undefined,
    endGrants: async () => {
      for (const id of grantIds.splice(0)) await (await provider.Grant.find(id))?.destroy()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  provider.on('grant.revoked', (_context, grantId: string) => platform.revokedGrants.push(grantId))
  provider.on('grant.success', ({ oidc }) => {
    const token = oidc.params?.refresh_token
    if (typeof token === 'string') platform.shown.push(token)
    if (oidc.entities.Grant) grantIds.push(oidc.entities.Grant.jti)
  })
  const callback = provider.callback()
  handle.current = async (request, response) => {
    if (await platform.intercept?.(request, response)) return
    if (request.url?.startsWith('/interaction/')) void interact(platform, quirks, request, response)
    else void callback(request, response)
  }
  return platform
}

function toPkce(name: string, { pkce }: OidcQuirks): Record<string, string> {
  return pkce === undefined ? {} : { [`PLATFORM_${name.toUpperCase()}_PKCE`]: String(pkce) }
}

function makeProvider(url: string, quirks: OidcQuirks) {
  const {
    redirectUris,
    rotates = true,
    pkce = true,
    isShortLived = false,
    accessTokenSeconds = 3600,
  } = quirks
  const provider = new Provider(url, {
    clients: [
      {
        client_id: 'client',
        client_secret: 'secret',
        redirect_uris: [...redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    claims: { openid: ['sub'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, preferred_username: `${accountId} the <b>Great</b>` }),
    }),
    pkce: { required: () => pkce },
    rotateRefreshToken: rotates,
    issueRefreshToken: () => !isShortLived,
    ttl: {
      AccessToken: accessTokenSeconds,
      Interaction: 600,
      Session: 600,
      Grant: 3600,
      IdToken: 600,
      RefreshToken: 3600,
      AuthorizationCode: 60,
    },
    cookies: { keys: ['a key of these tests'] },
  })
  return provider
}

async function interact(
  platform: OidcPlatform,
  { isAutomatic = true }: OidcQuirks,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { provider, accountId } = platform
  if (!isAutomatic && request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<form method="post" action="${request.url}"><button id="allow">Allow</button></form>`)
    return
  }
  const { params, grantId: known } = await provider.interactionDetails(request, response)
  const grant =
    (known === undefined ? undefined : await provider.Grant.find(known)) ??
    new provider.Grant({ accountId, clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope))
  const grantId = await grant.save()
  await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } })
}

function toEnvironment(name: string, url: string): Record<string, string> {
  const prefix = `PLATFORM_${name.toUpperCase()}`
  return {
    [`${prefix}_CLIENT_ID`]: 'client',
    [`${prefix}_CLIENT_SECRET`]: 'secret',
    [`${prefix}_ISSUER`]: url,
    [`${prefix}_AUTHORIZATION_URL`]: `${url}/auth`,
    [`${prefix}_TOKEN_URL`]: `${url}/token`,
    [`${prefix}_REVOCATION_URL`]: `${url}/token/revocation`,
    [`${prefix}_JWKS_URL`]: `${url}/jwks`,
    PLATFORM_PRIVATE_HOSTS: '127.0.0.1',
  }
}

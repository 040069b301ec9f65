import type { IncomingMessage, ServerResponse } from 'node:http'
import { json as readJson, text } from 'node:stream/consumers'
import type { Intercept, MockPlatform, MockQuirks } from './open-mock-platform.ts'

/** How a platform speaks, by its own pages, where that is not RFC 6749. */
export interface Dialect {
  readonly quirks: MockQuirks
  readonly toIntercept?: (platform: MockPlatform) => Intercept
}

/** A token request in the standard's words, past the dialect. */
async function askPlainly({ url }: MockPlatform, form: Record<string, string>) {
  const headers = { 'x-plain': '1' }
  const answer = await fetch(`${url}/token`, { method: 'POST', headers, body: new URLSearchParams(form) })
  return { ok: answer.ok, json: (await answer.json()) as Record<string, string> }
}

function answer(response: ServerResponse, status: number, json: unknown): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  return true
}

/** Answers the requests whose path it knows, unless they are its own. */
function onPaths(
  paths: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<boolean>>>,
): Intercept {
  return (request, response) => {
    if (request.headers['x-plain'] !== undefined) return false
    const path = request.url?.split('?', 1)[0] ?? ''
    return paths[path]?.(request, response) ?? false
  }
}

async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(await text(request)))
}

const twitch: Dialect = {
  quirks: {},
  toIntercept: (platform) =>
    onPaths({
      '/token': async (request, response) => {
        const form = await readForm(request)
        const { ok, json } = await askPlainly(platform, form)
        const what = form.grant_type === 'refresh_token' ? 'refresh token' : 'authorization code'
        if (!ok) return answer(response, 400, { status: 400, message: `Invalid ${what}` })
        return answer(response, 200, { ...json, scope: ['user:read:email'] })
      },
      '/userinfo': async ({ headers }, response) =>
        headers['client-id'] === 'client'
          ? false
          : answer(response, 401, { message: 'Client ID is missing' }),
    }),
}

const youtube: Dialect = {
  quirks: { toAccount: ({ id, name }) => ({ items: [{ id, snippet: { title: name } }] }) },
}

const facebook: Dialect = {
  quirks: { toAccount: ({ id, name }) => ({ id, name }) },
  toIntercept: (platform) => {
    let count = 0
    const give = (response: ServerResponse) => {
      count += 1
      platform.refreshTokens.add(`long-${count}`)
      return answer(response, 200, { access_token: `long-${count}`, token_type: 'bearer' })
    }
    return onPaths({
      '/token': async (request, response) => {
        const form = await readForm(request)
        if (form.grant_type === 'fb_exchange_token') {
          const token = form.fb_exchange_token ?? ''
          const isShort = token.startsWith('access-')
          if (isShort || platform.refreshTokens.has(token)) return give(response)
          return answer(response, 400, { error: { message: 'Session has expired', code: 190 } })
        }
        const { ok, json } = await askPlainly(platform, form)
        const refusal = { error: { message: 'This authorization code has been used.', code: 100 } }
        if (!ok) return answer(response, 400, refusal)
        return answer(response, 200, {
          access_token: json.access_token,
          token_type: 'bearer',
          expires_in: 5000,
        })
      },
      '/revoke': async ({ headers, method }, response) => {
        const token = headers.authorization?.replace('Bearer ', '') ?? ''
        if (method !== 'DELETE') return answer(response, 404, {})
        platform.revoked.push(token)
        return answer(response, 200, { success: true })
      },
    })
  },
}

const discord: Dialect = {
  quirks: { rotates: true, sendsIssuer: true, toAccount: ({ id, name }) => ({ id, username: name }) },
}

const kick: Dialect = {
  quirks: { rotates: true, toAccount: ({ id, name }) => ({ data: [{ user_id: Number(id), name }] }) },
}

const soop: Dialect = {
  quirks: {},
  toIntercept: (platform) =>
    onPaths({
      '/token': async (request, response) => {
        const form = await readForm(request)
        const { ok, json } = await askPlainly(platform, form)
        const { token_type: _type, ...rest } = json
        return answer(response, ok ? 200 : 400, rest)
      },
      '/userinfo': async (request, response) => {
        const token = new URLSearchParams(await text(request)).get('access_token')
        if (request.method !== 'POST' || !token) return answer(response, 401, {})
        const { id, name } = platform.person
        const picture = `https://profile.img.sooplive.co.kr/LOGO/${id.slice(0, 2)}/${id}/${id}.jpg`
        return answer(response, 200, { result: 1, data: { user_nick: name, profile_image: picture } })
      },
    }),
}

const chzzk: Dialect = {
  quirks: {
    rotates: true,
    toAccount: ({ id, name }) => ({
      code: 200,
      message: null,
      content: { channelId: id, channelName: name },
    }),
  },
  toIntercept: (platform) =>
    onPaths({
      '/authorize': async (request, response) => {
        const { searchParams } = new URL(request.url ?? '', platform.url)
        if (!searchParams.has('clientId')) return false
        const query = new URLSearchParams({
          response_type: 'code',
          client_id: searchParams.get('clientId') ?? '',
          redirect_uri: searchParams.get('redirectUri') ?? '',
          state: searchParams.get('state') ?? '',
        })
        response.writeHead(302, { location: `/authorize?${query}` }).end()
        return true
      },
      '/token': async (request, response) => {
        const given = (await readJson(request)) as Record<string, string>
        const isCode = given.grantType === 'authorization_code'
        if (isCode && !given.state) return answer(response, 400, { code: 400, message: 'BAD_REQUEST' })
        const { ok, json } = await askPlainly(platform, {
          grant_type: given.grantType ?? '',
          ...(isCode ? { code: given.code ?? '' } : { refresh_token: given.refreshToken ?? '' }),
        })
        if (!ok) return answer(response, 401, { code: 401, message: 'INVALID_TOKEN' })
        const { access_token: accessToken, refresh_token: refreshToken } = json
        const content = { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: '86400' }
        return answer(response, 200, { code: 200, message: null, content })
      },
      '/revoke': async (request, response) => {
        const { token = '' } = (await readJson(request)) as Record<string, string>
        platform.revoked.push(token)
        return answer(response, 200, { code: 200, message: null, content: null })
      },
    }),
}

/** Of each platform that has a file. */
export const dialects: Readonly<Record<string, Dialect>> = {
  ...{ twitch, youtube, facebook, discord, kick, soop, chzzk },
}

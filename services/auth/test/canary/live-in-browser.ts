import assert from 'node:assert/strict'
import type { Person, TestAuth } from '../open-test-auth.ts'
import type { Canaries } from './canaries.ts'

/** The origin that may use cookies. */
export const canaryOrigin = 'http://localhost:5173'

/** Logs in, refreshes and logs out in cookie mode: tokens are in cookies; then with cookies that are none, and from another origin. */
export async function liveInBrowser(auth: TestAuth, canaries: Canaries, person: Person): Promise<void> {
  const post = async (path: string, body: object, cookie: string, origin = canaryOrigin) => {
    const answer = await fetch(`http://127.0.0.1:${auth.service.edgePort}/v1/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-auth-mode': 'cookie', origin, cookie },
      body: JSON.stringify(body),
    })
    const { tokens } = (await answer.json()) as { readonly tokens?: Readonly<Record<string, string>> }
    if (tokens?.accessToken) canaries.plant('access token', tokens.accessToken)
    const cookies = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '')
    for (const one of cookies) {
      const [name = '', value = ''] = one.split('=', 2)
      if (value !== '') canaries.plant(`cookie ${name}`, value)
    }
    return { status: answer.status, cookie: cookies.join('; ') }
  }
  const credentials = { identifier: person.username, password: person.password }
  const first = await post('login', credentials, '')
  assert.match(first.cookie, /auth_refresh=.*auth_device=|auth_device=.*auth_refresh=/)
  const second = await post('refresh', {}, first.cookie)
  const replayed = await post('login', credentials, second.cookie, 'https://elsewhere.example')
  const out = await post('logout', {}, second.cookie)
  assert.deepEqual(
    [first, second, replayed, out].map(({ status }) => status),
    [200, 200, 403, 200],
  )
  const made = `auth_refresh=${canaries.make('cookie')}; auth_device=${canaries.make('cookie')}`
  for (const path of ['login', 'refresh', 'logout']) {
    await post(path, path === 'login' ? { ...credentials, password: canaries.make('wrong') } : {}, made)
  }
}

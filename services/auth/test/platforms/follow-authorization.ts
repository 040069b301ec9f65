/** What a redirect of a platform has brought. */
export interface Redirected {
  readonly authCode: string
  readonly state: string
  readonly iss: string
  /** The whole address. */
  readonly url: string
}

/** Goes to a platform's page as a browser would, cookies included, until it sends somewhere that is not its own. */
export async function followAuthorization(authorizationUrl: string): Promise<Redirected> {
  const { origin } = new URL(authorizationUrl)
  const cookies = new Map<string, string>()
  let url = authorizationUrl
  for (let steps = 0; steps < 20; steps += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    await response.arrayBuffer()
    for (const line of response.headers.getSetCookie()) keep(cookies, line)
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${url} answered ${response.status} without a redirect`)
    url = new URL(location, url).href
    if (new URL(url).origin !== origin) return read(url)
  }
  throw new Error('the platform redirects for ever')
}

function keep(cookies: Map<string, string>, line: string): void {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  if (name !== undefined && value !== undefined) cookies.set(name, value)
}

function read(url: string): Redirected {
  const { searchParams } = new URL(url)
  return {
    url,
    authCode: searchParams.get('code') ?? '',
    state: searchParams.get('state') ?? '',
    iss: searchParams.get('iss') ?? '',
  }
}

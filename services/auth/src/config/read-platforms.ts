import { platformNames } from './platform-names.ts'

/** What the environment says of one platform; URLs are checked, and what is not said is undefined. */
export interface PlatformConfig {
  /** In lower case. */
  readonly name: string
  readonly clientId: string
  readonly clientSecret: string
  readonly issuer: string | undefined
  readonly authorizationUrl: string | undefined
  readonly tokenUrl: string | undefined
  readonly accountUrl: string | undefined
  readonly revocationUrl: string | undefined
  readonly jwksUrl: string | undefined
  readonly scopes: readonly string[] | undefined
  readonly pkce: boolean | undefined
  readonly clientAuthentication: 'post' | 'basic' | undefined
}

const settings = [
  ...['CLIENT_ID', 'CLIENT_SECRET', 'CLIENT_AUTHENTICATION', 'SCOPES', 'PKCE', 'ISSUER'],
  ...['AUTHORIZATION_URL', 'TOKEN_URL', 'ACCOUNT_URL', 'REVOCATION_URL', 'JWKS_URL'],
]
/** Without which a provider that has no file here is not described. */
const described = ['ISSUER', 'AUTHORIZATION_URL', 'TOKEN_URL', 'JWKS_URL']
const shape = /^PLATFORM_([A-Z0-9]{2,32})_(\w+)$/

/**
 * The platforms of `PLATFORM_<NAME>_…`, one by one; `faults` says what does not hold. Names that belong to no platform of ours are somebody else's: there is
 * hosting that sets such variables.
 */
export function readPlatforms(
  given: Readonly<Record<string, string | undefined>>,
  faults: string[],
): PlatformConfig[] {
  const platforms = new Map<string, Map<string, string>>()
  for (const [name, value = ''] of Object.entries(given)) {
    const [, platform = '', setting = ''] = shape.exec(name) ?? []
    const isOurs = platformNames.includes(platform.toLowerCase()) || `PLATFORM_${platform}_CLIENT_ID` in given
    if (!isOurs) continue
    if (!settings.includes(setting)) faults.push(`${name}: there is no such setting`)
    else platforms.set(platform, (platforms.get(platform) ?? new Map()).set(setting, value))
  }
  return [...platforms].flatMap(([name, ofPlatform]) => readPlatform(name, ofPlatform, faults) ?? [])
}

function readPlatform(
  name: string,
  ofPlatform: ReadonlyMap<string, string>,
  faults: string[],
): PlatformConfig | undefined {
  const before = faults.length
  const isKnown = platformNames.includes(name.toLowerCase())
  const [clientId = '', clientSecret = ''] = [ofPlatform.get('CLIENT_ID'), ofPlatform.get('CLIENT_SECRET')]
  for (const setting of ['CLIENT_ID', 'CLIENT_SECRET', ...(isKnown ? [] : described)]) {
    if (!ofPlatform.has(setting))
      faults.push(`PLATFORM_${name}_${setting}: needed with the others of ${name}`)
  }
  for (const [setting, value] of ofPlatform) {
    const fault = findFault(setting, value)
    if (fault !== undefined) faults.push(`PLATFORM_${name}_${setting}: ${fault}`)
  }
  if (faults.length > before) return undefined
  return {
    name: name.toLowerCase(),
    clientId,
    clientSecret,
    issuer: ofPlatform.get('ISSUER'),
    authorizationUrl: ofPlatform.get('AUTHORIZATION_URL'),
    tokenUrl: ofPlatform.get('TOKEN_URL'),
    accountUrl: ofPlatform.get('ACCOUNT_URL'),
    revocationUrl: ofPlatform.get('REVOCATION_URL'),
    jwksUrl: ofPlatform.get('JWKS_URL'),
    scopes: ofPlatform
      .get('SCOPES')
      ?.split(/[\s,]+/)
      .filter((scope) => scope !== ''),
    pkce: toBoolean(ofPlatform.get('PKCE')),
    clientAuthentication: ofPlatform.get('CLIENT_AUTHENTICATION') as 'post' | 'basic' | undefined,
  }
}

function toBoolean(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text === 'true'
}

function findFault(setting: string, value: string): string | undefined {
  if (setting === 'PKCE' && !/^(true|false)$/.test(value)) return 'must be true or false'
  if (setting === 'CLIENT_AUTHENTICATION' && !/^(post|basic)$/.test(value)) return 'must be post or basic'
  if (!setting.endsWith('_URL') && setting !== 'ISSUER') return undefined
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return undefined
  return 'must be a URL with https:'
}

/** Endpoints without TLS are for loopback hosts that `PLATFORM_PRIVATE_HOSTS` names; one line for each that is not. */
export function findPlatformConflicts(
  platforms: readonly PlatformConfig[],
  privateHosts: readonly string[],
): string[] {
  const names = ['authorizationUrl', 'tokenUrl', 'accountUrl', 'revocationUrl', 'jwksUrl'] as const
  return platforms.flatMap((platform) =>
    names.flatMap((name) => {
      const url = platform[name]
      if (url === undefined || !url.startsWith('http:')) return []
      const host = new URL(url).hostname
      const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+)$/.test(host)
      if (isLoopback && privateHosts.includes(host)) return []
      const variable = name.replace(/[A-Z]/, (letter) => `_${letter}`).toUpperCase()
      return [
        `PLATFORM_${platform.name.toUpperCase()}_${variable}: must be https: (http: only for a loopback host in PLATFORM_PRIVATE_HOSTS)`,
      ]
    }),
  )
}

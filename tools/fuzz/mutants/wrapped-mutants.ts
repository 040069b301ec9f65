import type { ClaimRules } from '../../../packages/client/src/verifier/judge-claims.ts'
import type { AccessTokenClaims } from '../../../packages/client/src/verifier/read-claims.ts'
import { accepted, type Subject, type TokenJudge, verifier } from '../subject.ts'
import type { Mutant } from './mutant.ts'

/** The verifier with what it is asked, or what it answers, changed. */
export function makeWrappedMutants(): Mutant[] {
  return [...memoryMutants(), ...textMutants(), ...jsonMutants(), ...claimMutants()]
}

function memoryMutants(): Mutant[] {
  const byTail = (tail: number): Subject => ({
    ...verifier,
    makeTokenJudge: (options) => {
      const judge = verifier.makeTokenJudge(options)
      const remembered = new Map<string, string>()
      return {
        ...judge,
        judge: (token, moment) => {
          const key = String(token).slice(-tail)
          const verdict = remembered.get(key) ?? judge.judge(token, moment)
          if (verdict === accepted) remembered.set(key, verdict)
          return verdict
        },
      }
    },
  })
  return [
    { name: 'remembers tokens by their tail', subject: byTail(43), classes: ['memory'] },
    {
      name: 'remembers tokens whose key is gone',
      subject: byTail(Number.MAX_SAFE_INTEGER),
      classes: ['memory'],
    },
  ]
}

function textMutants(): Mutant[] {
  const asks = (
    name: string,
    change: (token: string) => string,
    classes: Mutant['classes'] = ['segments'],
  ) => ({
    name,
    classes,
    subject: wrapJudge((judge) => ({
      ...judge,
      judge: (token, moment) => judge.judge(typeof token === 'string' ? change(token) : token, moment),
    })),
  })
  const refuses = (name: string, is: (token: string) => boolean, classes: Mutant['classes']) => ({
    name,
    classes,
    subject: wrapJudge((judge) => ({
      ...judge,
      judge: (token, moment) => (is(String(token)) ? 'MALFORMED' : judge.judge(token, moment)),
    })),
  })
  const toHeader = (token: string) => Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  return [
    asks('trims blanks', (token) => token.trim()),
    asks('takes "Bearer" along', (token) => token.replace(/^Bearer /, '')),
    asks('cuts padding off', (token) => token.replace(/=+(?=\.|$)/g, '')),
    asks('reads the standard alphabet', (token) => token.replace(/\+/g, '-').replace(/\//g, '_')),
    asks('ignores what follows a character that is no base64url', (token) =>
      token.replace(/[^\w.-].*$/s, ''),
    ),
    asks('reads the flattened JSON serialisation', fromJson),
    asks('throws for lone surrogates', (token) => encodeURIComponent(token), ['segments', 'texts']),
    refuses('wants typ in lower case', (token) => /AT\+JWT/.test(toHeader(token)), ['header']),
    refuses('refuses unknown header members', (token) => /"iss"/.test(toHeader(token)), ['header']),
    refuses('refuses blanks in the header', (token) => /\s/.test(toHeader(token)), ['header']),
    refuses('refuses tokens of 8,192 characters', (token) => token.length === 8_192, ['segments', 'claims']),
  ]
}

function wrapJudge(wrap: (judge: TokenJudge) => TokenJudge): Subject {
  return { ...verifier, makeTokenJudge: (options) => wrap(verifier.makeTokenJudge(options)) }
}

function fromJson(token: string): string {
  if (!token.startsWith('{"payload"')) return token
  const read = JSON.parse(token)
  return `${read.protected}.${read.payload}.${read.signature}`
}

function jsonMutants(): Mutant[] {
  const reads = (name: string, readsJson: (text: string, bytes: Uint8Array) => boolean): Mutant => ({
    name,
    classes: ['json'],
    subject: { ...verifier, readsJson: (bytes) => readsJson(Buffer.from(bytes).toString(), bytes) },
  })
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  }
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  return [
    reads('JSON: repeated names', (text, bytes) => {
      return Buffer.from(text).equals(Buffer.from(bytes)) && isObject(parse(text))
    }),
    reads('JSON: repeated names below the top', (text, bytes) => {
      if (verifier.readsJson(bytes)) return true
      const top = [...text.matchAll(/"([^"]*)":/g)].map(([, name]) => name)
      return Buffer.from(text).equals(Buffer.from(bytes)) && isObject(parse(text)) && new Set(top).size > 1
    }),
    reads('JSON: names compared before escapes are undone', (text, bytes) => {
      return verifier.readsJson(bytes) || (text.includes('\\u0061') && isObject(parse(text)))
    }),
    reads('JSON: a byte order mark', (text) => verifier.readsJson(Buffer.from(text.replace(/^\ufeff/, '')))),
    reads('JSON: bad UTF-8 replaced', (text) => verifier.readsJson(Buffer.from(text))),
    reads('JSON: lists and texts', (text, bytes) => verifier.readsJson(bytes) || Array.isArray(parse(text))),
    reads(
      'JSON: escaped quotes end a text',
      (text, bytes) => verifier.readsJson(bytes) && !/\\\\\\"/.test(text),
    ),
  ]
}

function claimMutants(): Mutant[] {
  const judges = (
    name: string,
    change: (claims: AccessTokenClaims, rules: ClaimRules) => object,
  ): Mutant => ({
    name,
    classes: ['moments'],
    subject: {
      ...verifier,
      judgeClaims: (claims, rules) => {
        const changed = change(claims, rules)
        return verifier.judgeClaims({ ...claims, ...changed }, { ...rules, ...changed })
      },
    },
  })
  return [
    judges('accepts on the second of exp', ({ exp }, { nowSeconds, leewaySeconds }) => {
      return nowSeconds - leewaySeconds === exp ? { exp: exp + 1 } : {}
    }),
    judges('leeway counts twice', (_, { leewaySeconds }) => ({
      leewaySeconds: Math.min(30, 2 * leewaySeconds),
    })),
    judges('no leeway', () => ({ leewaySeconds: 0 })),
    judges('ignores nbf', () => ({ nbf: undefined })),
    judges('ignores iat', () => ({ iat: 0 })),
    judges('cuts fractions of the clock off', (_, { nowSeconds }) => ({
      nowSeconds: Math.floor(nowSeconds),
    })),
    judges('compares the start of the issuer', ({ iss }, { issuer }) =>
      issuer.startsWith(iss) ? { issuer: iss } : {},
    ),
    judges('any role will do', ({ roles }, { requiredRoles }) => {
      return requiredRoles.some((role) => roles.includes(role)) ? { requiredRoles: [] } : {}
    }),
    judges('a role that begins like it will do', ({ roles }, { requiredRoles }) => ({
      requiredRoles: requiredRoles.filter((role) => !roles.some((other) => other[0] === role[0])),
    })),
  ]
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { goodClaims, issuedAt, makeIssuer, toBase64url } from '../test/make-issuer.ts'
import { makeKeySet } from './make-key-set.ts'
import { readAccessToken } from './read-access-token.ts'

const issuer = makeIssuer()
const rules = {
  keys: makeKeySet(issuer.jwksJson),
  algorithms: new Set(['ES256', 'RS256', 'EdDSA'] as const),
  maxLifetimeSeconds: 900,
}
const read = (token: string) => readAccessToken(token, rules)
const header = (extra: string) => `{"alg":"ES256","typ":"at+jwt","kid":"k1"${extra}}`
const payload = JSON.stringify(goodClaims)

test('a good token gives its key and claims, with one audience as an array', () => {
  const token = read(issuer.sign())
  assert.ok(typeof token === 'object')
  assert.equal(token.key.keyId, 'k1')
  assert.deepEqual({ ...token.claims }, { ...goodClaims, aud: ['immersiverse'], nbf: undefined })
})

test('a character whose low octet is the right one is another character, wherever it stands', () => {
  const token = issuer.sign()
  assert.ok(typeof read(token) === 'object')
  for (let at = 0; at < token.length; at++) {
    const code = token.charCodeAt(at)
    for (const other of [0x100 | code, 0xd800 | code, 0xff00 | code, 0x80 | code]) {
      const changed = token.slice(0, at) + String.fromCharCode(other) + token.slice(at + 1)
      assert.equal(read(changed), 'MALFORMED')
    }
  }
})

for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
  test(`a ${algorithm} token made by jose verifies`, async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'j', alg: algorithm }
    const keys = makeKeySet(JSON.stringify({ keys: [jwk] }))
    const token = await new SignJWT({ ...goodClaims })
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: 'j' })
      .sign(privateKey)
    assert.ok(typeof readAccessToken(token, { ...rules, keys }) === 'object')
  })

  test(`flipping any bit of a ${algorithm} token is noticed`, () => {
    const signer = makeIssuer(algorithm)
    const keys = makeKeySet(signer.jwksJson)
    const bytes = Buffer.from(signer.sign())
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        return typeof readAccessToken(changed.toString('latin1'), { ...rules, keys }) === 'string'
      }),
    )
  })
}

test('`application/at+jwt` and other letter cases are the same type', () => {
  for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
    assert.ok(typeof read(issuer.sign({}, { typ })) === 'object', typ)
  }
})

test('another type, none, or an algorithm that is not allowed is WRONG_TYPE', () => {
  for (const typ of [
    'JWT',
    'at+jwt2',
    'xat+jwt',
    ' at+jwt',
    'text/at+jwt',
    '',
    1,
    null,
    ['at+jwt'],
    undefined,
  ]) {
    assert.equal(read(issuer.sign({}, { typ })), 'WRONG_TYPE', JSON.stringify(typ))
  }
  for (const alg of ['none', 'NONE', 'HS256', 'ES384', 'es256', 'RS256', 'EdDSA', '']) {
    assert.equal(read(issuer.sign({}, { alg })), 'WRONG_TYPE', alg)
  }
  const onlyRsa = { ...rules, algorithms: new Set(['RS256'] as const) }
  assert.equal(readAccessToken(issuer.sign(), onlyRsa), 'WRONG_TYPE')
})

test('the public key as an HMAC secret does not verify', () => {
  const token = issuer.sign({}, { alg: 'HS256' })
  assert.equal(read(token), 'WRONG_TYPE')
})

test('a kid must match exactly: another is UNKNOWN_KEY, none or an oversize one MALFORMED', () => {
  for (const kid of ['K1', 'k1 ', 'k', 'k11', '__proto__', 'constructor', 'x'.repeat(128)]) {
    assert.equal(read(issuer.sign({}, { kid })), 'UNKNOWN_KEY', kid)
  }
  for (const kid of [undefined, '', 1, null, ['k1'], { k1: 1 }, 'x'.repeat(129)]) {
    assert.equal(read(issuer.sign({}, { kid })), 'MALFORMED', JSON.stringify(kid))
  }
})

test('header parameters that bring keys, compression, nesting or unknown rules are refused', () => {
  const members = [
    '"crit":["exp"]',
    '"crit":[]',
    '"b64":false',
    '"b64":true',
    '"zip":"DEF"',
    '"jku":"https://a"',
  ]
  members.push('"x5u":"https://a"', '"x5c":[]', '"jwk":{}', '"cty":"JWT"', '"enc":"A128GCM"', '"jku":null')
  for (const member of members) {
    assert.equal(read(issuer.signRaw(header(`,${member}`), payload)), 'MALFORMED', member)
  }
  assert.ok(typeof read(issuer.signRaw(header(',"x":1'), payload)) === 'object', 'others are ignored')
})

test('a name that is repeated is refused, in header, claims, nested objects and through escapes', () => {
  assert.equal(read(issuer.signRaw(header(',"alg":"ES256"'), payload)), 'MALFORMED')
  assert.equal(read(issuer.signRaw(header(',"\\u0061lg":"ES256"'), payload)), 'MALFORMED')
  const claims = (extra: string) => issuer.signRaw(header(''), `${payload.slice(0, -1)},${extra}}`)
  assert.equal(read(claims('"sub":"other"')), 'MALFORMED')
  assert.equal(read(claims('"x":{"a":1,"a":2}')), 'MALFORMED')
  assert.ok(typeof read(claims('"x":[{"a":"{\\"sub\\":"},{"a":"\\\\"}]')) === 'object')
})

test('anything over 8 KiB is MALFORMED before it is decoded', () => {
  assert.equal(read(issuer.sign({ x: 'a'.repeat(8192) })), 'MALFORMED')
  const token = issuer.sign()
  const room = Math.floor(((8192 - token.length) * 3) / 4) - 8
  assert.ok(typeof read(issuer.sign({ x: 'a'.repeat(room) })) === 'object')
})

test('8,192 characters are read, 8,193 are not', () => {
  const toSize = (size: number): string => {
    // Base64url has no texts of length 1 mod 4, so that blanks in the header make up for it.
    for (let blanks = 0; blanks < 4; blanks++) {
      for (let letters = 5_500; letters < 6_000; letters++) {
        const rest = `${payload.slice(0, -1)},"x":"${'a'.repeat(letters)}"}`
        const length = [header(' '.repeat(blanks)), rest].map((text) => toBase64url(text).length)
        if ((length[0] ?? 0) + (length[1] ?? 0) + 88 === size)
          return issuer.signRaw(header(' '.repeat(blanks)), rest)
      }
    }
    throw new Error('no such token')
  }
  assert.ok(typeof read(toSize(8_192)) === 'object')
  assert.equal(read(toSize(8_193)), 'MALFORMED')
})

test('only strict compact form is read', () => {
  const token = issuer.sign()
  const [head = '', body = '', signature = ''] = token.split('.')
  const bad = [
    '',
    '.',
    '..',
    '...',
    head,
    `${head}.${body}`,
    `${token}.`,
    `${token}.x`,
    ` ${token}`,
    `${token}\n`,
  ]
  bad.push(
    `${head}=.${body}.${signature}`,
    `${head}.${body}.${signature}==`,
    `${head}.${body}.`,
    `.${body}.${signature}`,
  )
  bad.push(
    `${head}.${body}.${signature.replace(/.$/, '+')}`,
    `${head}. ${body}.${signature}`,
    `Bearer ${token}`,
  )
  bad.push(JSON.stringify({ payload: body, protected: head, signature }), `${head}.${body}.${signature}é`)
  for (const text of bad) assert.equal(read(text), 'MALFORMED', text)
})

test('a signature text with other unused trailing bits is refused although it decodes to the same bytes', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const token = issuer.sign()
  const last = alphabet.indexOf(token.charAt(token.length - 1))
  for (let bits = 1; bits < 16; bits++) {
    assert.equal(read(token.slice(0, -1) + alphabet.charAt(last | bits)), 'MALFORMED')
  }
})

test('claims of another shape are MALFORMED although correctly signed', () => {
  const wrong: Record<string, unknown[]> = {
    iss: [undefined, '', 1, null, ['a']],
    sub: [undefined, '', 1, {}, '\ud800'],
    sid: [undefined, '', true],
    jti: [undefined, '', 0],
    client_id: [undefined, 1],
    aud: [undefined, 1, [1], ['immersiverse', 1], {}, [['a']]],
    iat: [undefined, '1800000000', -1, 1.5, null, '2027-01-15', issuedAt + 600, issuedAt + 601],
    exp: [undefined, '1', -1, issuedAt, issuedAt + 0.5, 2 ** 53, issuedAt + 901],
    nbf: ['1', -1, null, 0.5],
    roles: [undefined, 'user', [1], ['user', 1], {}],
    tier: [undefined, 1, null],
    name: [undefined, 1],
    tv: [undefined, '1', -1, 1.5, 2 ** 53],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.equal(read(issuer.sign({ [name]: value })), 'MALFORMED', `${name}=${JSON.stringify(value)}`)
    }
  }
  for (const text of ['1e400', 'NaN', '-1e400', 'Infinity', '01', '0x10']) {
    const raw = payload.replace(`"exp":${goodClaims.exp}`, `"exp":${text}`)
    assert.equal(read(issuer.signRaw(header(''), raw)), 'MALFORMED', text)
  }
})

test('empty lists and texts, and zeros, are claims like others', () => {
  const claims = { tv: 0, iat: 0, exp: 600, nbf: 0, roles: [], aud: [], client_id: '', tier: '', name: '' }
  const token = read(issuer.sign(claims))
  assert.ok(typeof token === 'object')
  assert.deepEqual({ ...token.claims }, { ...goodClaims, ...claims })
})

test('payloads that are not a JSON object in UTF-8 are MALFORMED', () => {
  const bodies = ['', 'foo', '[]', 'null', '"a"', `\ufeff${payload}`, Buffer.from([0x7b, 0xff, 0x7d])]
  for (const body of bodies) assert.equal(read(issuer.signRaw(header(''), body)), 'MALFORMED')
  assert.equal(read(issuer.signRaw(`\ufeff${header('')}`, payload)), 'MALFORMED')
})

test('a nested token is refused', () => {
  assert.equal(read(issuer.signRaw(header(''), issuer.sign())), 'MALFORMED')
})

test('no text makes it throw', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.string(),
    fc.json().map(toBase64url),
    fc.constant(toBase64url(header(''))),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
      ),
      (text) => {
        assert.ok(typeof read(text) === 'string')
      },
    ),
  )
})

test('a header that was judged before is accepted again, but its key is looked up for every token', () => {
  let keys = makeKeySet(issuer.jwksJson)
  const judgedHeaders = new Map()
  const source = { find: (keyId: string) => keys.find(keyId) }
  const readNext = (token: string) => readAccessToken(token, { ...rules, keys: source, judgedHeaders })
  const [first, second] = [issuer.sign(), issuer.sign({ jti: 'another' })]
  assert.ok(typeof readNext(first) === 'object')
  assert.equal(judgedHeaders.size, 1)
  assert.ok(typeof readNext(second) === 'object')
  assert.equal(readNext(`${second.slice(0, -4)}AAAA`), 'BAD_SIGNATURE')
  keys = makeKeySet(makeIssuer('RS256', issuer.keyId).jwksJson)
  assert.equal(readNext(second), 'WRONG_TYPE')
  keys = makeKeySet(makeIssuer('ES256', issuer.keyId).jwksJson)
  assert.equal(readNext(second), 'BAD_SIGNATURE')
  keys = makeKeySet('{"keys":[]}')
  assert.equal(readNext(second), 'UNKNOWN_KEY')
})

test('headers of tokens that are not verified are not remembered, and few are', () => {
  const judgedHeaders = new Map()
  const readNext = (token: string) => readAccessToken(token, { ...rules, judgedHeaders })
  const stranger = makeIssuer('ES256', issuer.keyId)
  assert.equal(readNext(stranger.sign()), 'BAD_SIGNATURE')
  assert.equal(readNext(issuer.sign({}, { crit: ['exp'] })), 'MALFORMED')
  assert.equal(readNext(issuer.sign({}, { typ: 'JWT' })), 'WRONG_TYPE')
  assert.equal(judgedHeaders.size, 0)
  for (let n = 0; n < 100; n++) assert.ok(typeof readNext(issuer.sign({}, { n })) === 'object')
  assert.ok(judgedHeaders.size > 0 && judgedHeaders.size <= 16)
})

test('claims nested as deep as a token allows are read, and a name repeated down there is refused', () => {
  const nest = (inner: string) => `${'['.repeat(2_500)}${inner}${']'.repeat(2_500)}`
  const good = JSON.stringify(goodClaims).slice(0, -1)
  const header = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: issuer.keyId })
  assert.ok(typeof read(issuer.signRaw(header, `${good},"x":${nest('{"a":1,"b":1}')}}`)) === 'object')
  assert.equal(read(issuer.signRaw(header, `${good},"x":${nest('{"a":1,"a":1}')}}`)), 'MALFORMED')
})

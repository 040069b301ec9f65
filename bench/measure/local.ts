import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { connectAuth } from '@immersiverse/auth-client'
import { makeKeySet, makeTokenVerifier } from '@immersiverse/auth-client/verifier'
import type { Figure } from '../figures.ts'
import { tell, type World } from '../world.ts'

const rounds = 40
const newTokens = 4000

/** `local` verification in this process, one thread: tokens seen before, and tokens seen for the first time beside the bare signature check. */
export async function measureLocal(world: World): Promise<Figure[]> {
  tell('local verification: in process')
  const address = `127.0.0.1:${world.service.port}`
  await using auth = await connectAuth({ address, verification: 'local' })
  const tokens = world.seed.users.map(({ accessToken }) => accessToken)
  for (const token of tokens) await auth.verify(token)
  const repeated = await rate(rounds * tokens.length, async () => {
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(tokens.map((token) => auth.verify(token)))
    }
  })
  const status = auth.status()
  if (status.verification !== 'local' || status.counts.remote > 0) {
    throw new Error('a verification was not decided in process')
  }
  const { first, raw } = await measureFirstSeen()
  return [
    { name: 'local verify, tokens seen before', perSecond: repeated },
    { name: 'token verifier, tokens seen before', perSecond: first.again },
    {
      name: 'token verifier, tokens new to it, ES256',
      perSecond: first.once,
      limit: 'raw crypto.verify, DER',
      ratio: first.once / raw,
    },
    { name: 'raw crypto.verify, DER, ES256', perSecond: raw },
  ]
}

async function measureFirstSeen() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }
  const keys = makeKeySet(JSON.stringify({ keys: [jwk] }))
  const options = { keys, algorithms: ['ES256'] as const, maxLifetimeSeconds: 600 }
  const verifier = makeTokenVerifier({ ...options, rememberedTokens: 2 * newTokens })
  const tokens = Array.from({ length: newTokens }, (_, n) => makeToken(privateKey, n))
  const judgeAll = () => {
    for (const token of tokens)
      if (!verifier.verifySignature(token).ok) throw new Error('a token was refused')
  }
  const signed = tokens.map((token) => toSigned(token, privateKey))
  const raw = await rate(newTokens, () => {
    for (const { input, der } of signed) {
      if (!verify('sha256', input, publicKey, der)) throw new Error('a signature was refused')
    }
  })
  const once = await rate(newTokens, judgeAll)
  const again = await rate(50 * newTokens, () => {
    for (let round = 0; round < 50; round += 1) judgeAll()
  })
  return { first: { once, again }, raw }
}

function makeToken(privateKey: KeyObject, n: number): string {
  const iat = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const id = (prefix: string) => `${prefix}a20521-2c80-7c3b-b707-${String(n).padStart(12, '0')}`
  const claims = {
    iss: 'http://localhost:8080',
    aud: 'immersiverse',
    sub: id('01'),
    sid: id('02'),
    jti: id('03'),
  }
  const rest = { iat, exp: iat + 600, client_id: 'web', roles: [], tier: 'FREE', name: 'mina', tv: 1 }
  const input = `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })}.${part({ ...claims, ...rest })}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** The same input with a DER signature: the fastest form of `crypto.verify`. */
function toSigned(token: string, privateKey: KeyObject) {
  const input = Buffer.from(token.slice(0, token.lastIndexOf('.')))
  return {
    input,
    der: sign('sha256', input, createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))),
  }
}

async function rate(count: number, work: () => void | Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (count / (performance.now() - startedAt)) * 1000
}

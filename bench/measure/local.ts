import { verify } from 'node:crypto'
import { type Auth, connectAuth } from '@immersiverse/auth-client'
import {
  makeTokenVerifier,
  type SigningAlgorithm,
  type TokenVerifier,
  toTokenSubjects,
} from '@immersiverse/auth-client/verifier'
import type { Figure } from '../figures.ts'
import { tell, type World } from '../world.ts'
import { measureBootstrap } from './bootstrap.ts'
import { openLocal } from './open-local.ts'
import { rateInTurns } from './rate-in-turns.ts'
import { makeSignedTokens, type SignedTokens } from './signed-tokens.ts'

const newTokens = 4000
const block = 100
const revoked = 1_000_000

/** `local` verification in this process, one thread: tokens seen before, tokens new to it, and both with a million revocations. */
export async function measureLocal(world: World): Promise<Figure[]> {
  tell('local verification: in process')
  const address = `127.0.0.1:${world.service.port}`
  const figures: Figure[] = []
  {
    await using auth = await connectAuth({ address, verification: 'local' })
    figures.push(await measureRepeated(auth, world))
  }
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    figures.push(await measureFirstSeen(algorithm))
  }
  figures.push(...(await measureManyRevocations()))
  if (world.database.url !== undefined) figures.push(...(await measureBootstrap(world.database.url, address)))
  return figures
}

/** As a service calls it: one after the other, each awaited. */
async function measureRepeated(auth: Auth, world: World): Promise<Figure> {
  const tokens = world.seed.users.map(({ accessToken }) => accessToken)
  const work = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) await auth.verify(tokens[n] ?? '')
  }
  const turns = { items: tokens.length, block: tokens.length, rounds: 200 }
  const { repeated } = await rateInTurns({ repeated: work }, turns)
  const status = auth.status()
  if (status.verification !== 'local' || status.counts.remote > 0) {
    throw new Error('a verification was not decided in process')
  }
  return {
    name: 'local verify, tokens seen before',
    perSecond: repeated,
    limit: '1,000,000/s',
    ratio: repeated / 1_000_000,
  }
}

/** Tokens that the verifier has not seen, beside the signature check alone in its fastest form. */
async function measureFirstSeen(algorithm: SigningAlgorithm): Promise<Figure> {
  const signed = makeSignedTokens(algorithm, newTokens)
  const { keys, tokens } = signed
  const options = { keys, algorithms: [algorithm], maxLifetimeSeconds: 3600, rememberedTokens: 2 * newTokens }
  let verifier: TokenVerifier | undefined
  const works = {
    raw: makeRawWork(signed),
    first: (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        if (!verifier?.verifySignature(tokens[n] ?? '').ok) throw new Error('a token was refused')
      }
    },
  }
  const begin = () => {
    verifier = makeTokenVerifier(options)
  }
  const { raw, first } = await rateInTurns(works, { items: newTokens, block, rounds: 5, begin })
  return {
    name: `token verifier, tokens new to it, ${algorithm}`,
    perSecond: first,
    limit: `raw crypto.verify (${Math.round(raw).toLocaleString('en')}/s)`,
    ratio: first / raw,
  }
}

function makeRawWork({ signed, publicKey, digest }: SignedTokens) {
  return (from: number, to: number) => {
    for (const { input, signature } of signed.slice(from, to)) {
      if (!verify(digest, input, publicKey, signature)) throw new Error('a signature was refused')
    }
  }
}

/** The same verifications and look-ups with no revocation and with a million, in turns. */
async function measureManyRevocations(): Promise<Figure[]> {
  const signed = makeSignedTokens('ES256', newTokens)
  await using none = await openLocal(signed.keys, 0)
  await using few = await openLocal(signed.keys, 1000)
  await using many = await openLocal(signed.keys, revoked)
  const worlds = { none, few, many }
  const verifyAll = (local: typeof none) => async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) await local.verify(signed.tokens[n] ?? '')
  }
  const works = {
    none: verifyAll(none),
    few: verifyAll(few),
    many: verifyAll(many),
    raw: makeRawWork(signed),
  }
  const forget = () => {
    for (const local of Object.values(worlds)) local.forget()
  }
  const first = await rateInTurns(works, { items: newTokens, block, rounds: 3, begin: forget })
  const repeated = await rateInTurns(
    { none: works.none, few: works.few, many: works.many },
    { items: newTokens, block: 1000, rounds: 50 },
  )
  const lookUps = await rateLookUps(worlds)
  const megabytes = (many.revocations.view.bytes / 1e6).toFixed(0)
  const compare = (name: string, rates: Record<'none' | 'few' | 'many', number>): Figure[] => [
    { name, perSecond: rates.many, limit: 'with none', ratio: rates.many / rates.none },
    {
      name: `${name}, beside 1,000`,
      perSecond: rates.many,
      limit: 'with 1,000',
      ratio: rates.many / rates.few,
    },
  ]
  return [
    ...compare(`tokens seen before, 1,000,000 revocations in ${megabytes} MB`, repeated).slice(0, 1),
    ...compare('tokens new to it, 1,000,000 revocations', first).slice(0, 1),
    ...compare('look-ups that find nothing, 1,000,000 revocations', lookUps),
  ]
}

type Worlds = Record<'none' | 'few' | 'many', Awaited<ReturnType<typeof openLocal>>>

/** In the view alone, of subjects that are not there. */
function rateLookUps({ none, few, many }: Worlds) {
  const tokens = makeSubjects(8192)
  const lookUp =
    ({ revocations: { view } }: typeof none) =>
    (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        const subjects = tokens[n]
        if (subjects && view.isRevoked(subjects)) throw new Error('found what is not there')
      }
    }
  const works = { none: lookUp(none), few: lookUp(few), many: lookUp(many) }
  return rateInTurns(works, { items: tokens.length, block: 1024, rounds: 100 })
}

function makeSubjects(count: number) {
  const claims = {
    iss: '',
    aud: [],
    client_id: '',
    iat: 0,
    exp: 1,
    nbf: undefined,
    roles: [],
    tier: '',
    name: '',
  }
  return Array.from({ length: count }, () => {
    const ids = { sub: crypto.randomUUID(), sid: crypto.randomUUID(), jti: crypto.randomUUID() }
    return toTokenSubjects({ ...claims, ...ids, tv: 1 }, 'k')
  })
}

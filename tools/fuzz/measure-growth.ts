import { KeySetError, makeKeySet } from '../../packages/client/src/verifier/make-key-set.ts'
import { readAccessToken } from '../../packages/client/src/verifier/read-access-token.ts'
import { signToken, toHeader, type World } from './world.ts'

/** How the time for an input grows with its size. */
export interface Growth {
  readonly name: string
  /** Of the largest input. */
  readonly bytes: number
  /** Time of the largest input through that of one an eighth its size: 8 is linear, 64 quadratic. */
  readonly ratio: number
  /** Of the largest input. */
  readonly ms: number
}

type Repeated = (size: number) => string

const repeat =
  (text: string): Repeated =>
  (size) =>
    text.repeat(Math.ceil(size / text.length)).slice(0, size)

/** What a token or a key set is made of that might cost more than its size. */
const shapes: Readonly<Record<string, Repeated>> = {
  'no dots': repeat('a'),
  dots: repeat('.'),
  'dots and letters': repeat('a.'),
  dashes: (size) => `${'-'.repeat(size - 1)}!`,
}
const jsons: Readonly<Record<string, Repeated>> = {
  'open lists': repeat('['),
  'open objects': repeat('{"a":'),
  'nested lists': (size) => `{"x":${'['.repeat(size / 2)}${']'.repeat(size / 2)}}`,
  'nested objects': (size) => `{"x":${'{"a":'.repeat(size / 6)}0${'}'.repeat(size / 6)}}`,
  'many names': (size) =>
    `{${Array.from({ length: size / 12 }, (_, n) => `"n${String(n).padStart(5, '0')}":0`)}}`,
  'escaped names': (size) =>
    `{${Array.from({ length: size / 40 }, (_, n) => `"\\u006e${'\\u0061'.repeat(4)}${n}":0`)}}`,
  'escaped quotes': (size) => `{"x":"${'\\"'.repeat(size / 2)}"}`,
  backslashes: (size) => `{"x":"${'\\\\'.repeat(size / 2)}"}`,
  'backslashes and quotes': (size) => `{"x":"${'\\\\\\\\\\\\\\"'.repeat(size / 8)}"}`,
  'many texts': (size) => `{"x":[${Array.from({ length: size / 3 }, () => '""')}]}`,
  'long number': (size) => `{"iat":${'9'.repeat(size)}}`,
}

const tokenSize = 5_900
const keySetSize = 512 * 1024
const eighth = 8

/**
 * Measures inputs that might cost more than their size: as tokens up to the 8 KiB limit (as header, and as payload with a good signature) and as
 * key sets of half a megabyte. Throws what the verifier throws, its documented refusals aside.
 */
export function measureGrowth(world: World, rounds = 60): Growth[] {
  const [key] = world.keys.filter(({ algorithm }) => algorithm === 'RS256')
  if (key === undefined) throw new Error('a world has an RSA key')
  const rules = {
    keys: makeKeySet(world.jwksJson),
    algorithms: new Set(['RS256'] as const),
    maxLifetimeSeconds: 900,
  }
  const read = (token: string) => readAccessToken(token, rules)
  const header = JSON.stringify(toHeader(key))
  const measured = (name: string, size: number, make: Repeated, run: (text: string) => unknown) =>
    compareSizes(name, make(size), make(size / eighth), run, rounds)
  return [
    ...Object.entries(shapes).map(([name, make]) => measured(`token: ${name}`, 8_192, make, read)),
    ...Object.entries(jsons).flatMap(([name, make]) => [
      measured(
        `header: ${name}`,
        tokenSize,
        (size) => `${signToken(make(size), '{}', key, 'none')}AAAA`,
        read,
      ),
      measured(`payload: ${name}`, tokenSize - 100, (size) => signToken(header, make(size), key), read),
      measured(`key set: ${name}`, keySetSize, make, readKeySet),
    ]),
    measured('key set: many keys', keySetSize, (size) => toManyKeys(world, size), readKeySet),
  ]
}

function readKeySet(text: string): unknown {
  try {
    return makeKeySet(text)
  } catch (error) {
    if (error instanceof KeySetError) return error
    throw error
  }
}

function toManyKeys({ keys: [first] }: World, size: number): string {
  const { jwk } = first ?? {}
  const count = Math.floor(size / JSON.stringify(jwk).length)
  return JSON.stringify({ keys: Array.from({ length: count }, (_, n) => ({ ...jwk, kid: `k${n}` })) })
}

function compareSizes(
  name: string,
  large: string,
  small: string,
  run: (text: string) => unknown,
  rounds: number,
): Growth {
  // Alternately, so that what else the machine does hits both.
  const times = { large: [] as number[], small: [] as number[] }
  const repeats = large.length > 100_000 ? Math.ceil(rounds / 12) : rounds
  for (let round = 0; round < repeats; round++) {
    times.small.push(time(() => run(small)))
    times.large.push(time(() => run(large)))
  }
  const best = (list: number[]) => Math.min(...list)
  return { name, bytes: large.length, ratio: best(times.large) / best(times.small), ms: best(times.large) }
}

function time(run: () => unknown): number {
  const startedMs = performance.now()
  run()
  return performance.now() - startedMs
}

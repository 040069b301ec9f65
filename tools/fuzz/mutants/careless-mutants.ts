import type { FuzzClassName } from '../fuzz-classes.ts'
import { keySetRules, type Rule, tokenRules } from '../reference/rules.ts'
import { makeCareless } from './make-careless.ts'
import type { Mutant } from './mutant.ts'

/** Rules that other rules stand behind: ignoring one of them alone changes no verdict, so no input can show it. */
export const masked: Readonly<Partial<Record<Rule, string>>> = Object.freeze({
  'header is JSON': 'no header, no alg',
  'header is an object': 'no header, no alg',
  'payload is JSON': 'no payload, no claims',
  'payload is an object': 'no payload, no claims',
  'alg is text': 'key and alg agree',
  'alg allowed': 'key and alg agree',
  'kid size': 'kid known',
  'set is JSON': 'keys is a list',
  'set is an object': 'keys is a list',
  'key is an object': 'nothing to read',
  'key is of a known kind': 'nothing to make',
  'point on curve': 'OpenSSL',
})

const tokenClasses: readonly FuzzClassName[] = ['segments', 'header', 'claims', 'signature']

const algorithmRules = ['signature present', 'alg allowed', 'key and alg agree'] as const

/** For every rule a verifier that ignores it; and for algorithms those that ignore the rules together. */
export function makeCarelessMutants(): Mutant[] {
  const ignores = (rule: Rule, classes: readonly FuzzClassName[]): Mutant[] =>
    masked[rule] === undefined ? [{ name: `ignores: ${rule}`, subject: makeCareless([rule]), classes }] : []
  const allows = (name: string, when: (alg: string) => boolean): Mutant => ({
    name,
    subject: makeCareless(algorithmRules, when),
    classes: ['header'],
  })
  return [
    ...Object.keys(tokenRules).flatMap((rule) => ignores(rule as Rule, tokenClasses)),
    ...Object.keys(keySetRules).flatMap((rule) => ignores(rule as Rule, ['key sets'])),
    allows('accepts alg none', (alg) => alg === 'none'),
    allows('accepts alg nOnE', (alg) => alg !== 'none' && alg.toLowerCase() === 'none'),
    allows('takes the public key for an HMAC secret', (alg) => alg.startsWith('HS')),
    allows(
      'verifies by the alg of the token',
      (alg) => !alg.startsWith('HS') && alg.toLowerCase() !== 'none',
    ),
  ]
}

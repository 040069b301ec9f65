import { stripTypeScriptTypes } from 'node:module'

/** A change of a source text. */
export interface Mutation {
  readonly start: number
  readonly end: number
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** What replaces what, in code outside of texts and comments. */
const replacements: readonly (readonly [found: RegExp, texts: readonly string[]])[] = [
  [/===/g, ['!==']],
  [/!==/g, ['===']],
  [/(?<![<=])<=(?!=)/g, ['<', '>']],
  [/(?<![>=])>=(?!=)/g, ['>', '<']],
  [/(?<= )<(?= )/g, ['<=', '>=']],
  [/(?<= )>(?= )/g, ['>=', '<=']],
  [/&&/g, ['||']],
  [/\|\|/g, ['&&']],
  [/(?<= )\+(?= )/g, ['-']],
  [/(?<= )-(?= )/g, ['+']],
  [/(?<= )\*(?= )/g, ['/']],
  [/(?<= )%(?= )/g, ['*']],
  [/(?<= )<<(?= )/g, ['>>']],
  [/(?<= )\|(?= )/g, ['&']],
  [/\btrue\b/g, ['false']],
  [/\bfalse\b/g, ['true']],
  [/!(?=[\w(])/g, ['']],
  [/(?<![\w.])\d+(?![\w.])/g, ['1 + $&']],
  [/\bMath\.max\b/g, ['Math.min']],
  [/\bMath\.min\b/g, ['Math.max']],
  [/\.some\(/g, ['.every(']],
  [/\.every\(/g, ['.some(']],
  [/\breturn [^\n]*[^\n{([,]$/gm, ['return undefined']],
]

/**
 * The mutations of a TypeScript source that change what it does and keep its syntax: comparisons turned and moved by one, conditions that always
 * or never hold, and ↔ or, arithmetic, constants, texts emptied, nothing returned, a call or an assignment left out.
 */
export function listMutations(source: string): Mutation[] {
  const code = stripTypeScriptTypes(source)
  const { plain, texts } = hideTexts(code)
  const found = [
    ...replacements.flatMap(([pattern, news]) =>
      [...plain.matchAll(pattern)].flatMap(({ index, 0: old }) =>
        news.map((text) => ({ start: index, end: index + old.length, text: text.replace('$&', old) })),
      ),
    ),
    ...listConditions(plain),
    ...listStatements(plain),
    ...texts.filter(([start, end]) => end - start > 2).map(([start, end]) => ({ start, end, text: "''" })),
  ]
  return found
    .filter(({ start, end, text }) => code.slice(start, end) !== text && !isImport(code, start))
    .map((mutation) => ({ ...mutation, line: code.slice(0, mutation.start).split('\n').length }))
    .sort((a, b) => a.start - b.start)
}

type Change = Omit<Mutation, 'line'>

/** `if (…)` and `while (…)` that always or never hold; a loop that never ends would only cost time. */
function listConditions(plain: string): Change[] {
  return [...plain.matchAll(/\b(if|while) \(/g)].flatMap(({ index, 0: head, 1: word }) => {
    const start = index + head.length
    const end = findClosing(plain, start)
    const never = { start, end, text: 'false' }
    return word === 'if' ? [never, { start, end, text: 'true' }] : [never]
  })
}

/** Whole lines that call or assign, left out. */
function listStatements(plain: string): Change[] {
  const line = /^( +)((?:this\.|[\w#]+\.)*[\w#]+(?:\(.*\)|(?:\[[^\n]*\])? (?:[-+|*]?=) .*|\+\+))$/gm
  return [...plain.matchAll(line)]
    .filter(
      ([, , text = '']) =>
        !/^(#|(return|throw|const|let|import|export|super|case)\b)|,$/.test(text) && isBalanced(text),
    )
    .map(({ index, 1: indent = '', 2: text = '' }) => {
      const start = index + indent.length
      return { start, end: start + text.length, text: ';' }
    })
}

function isBalanced(text: string): boolean {
  const count = (sign: string) => text.split(sign).length
  return count('(') === count(')') && count('{') === count('}') && count('[') === count(']')
}

function findClosing(plain: string, from: number): number {
  let depth = 1
  for (let at = from; at < plain.length; at++) {
    if (plain[at] === '(') depth++
    else if (plain[at] === ')' && --depth === 0) return at
  }
  throw new Error('a condition has no end')
}

function isImport(code: string, at: number): boolean {
  const start = code.lastIndexOf('\n', at) + 1
  return (
    /^(import|export \{|\} from|export \*)/.test(code.slice(start)) ||
    /\bfrom '/.test(code.slice(start, code.indexOf('\n', at)))
  )
}

const literal =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|(?<=[(,=:!&|?[\n] *)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/g

/** The code with blanks for texts, patterns and comments, and where single-quoted texts stand. */
function hideTexts(code: string): {
  readonly plain: string
  readonly texts: readonly (readonly [number, number])[]
} {
  const texts: (readonly [number, number])[] = []
  const plain = code.replace(literal, (found, index: number) => {
    if (found.startsWith("'")) texts.push([index, index + found.length])
    return found.replace(/[^\n]/g, ' ')
  })
  return { plain, texts }
}

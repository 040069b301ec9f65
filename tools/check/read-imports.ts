/** One import or re-export of a source file. */
export interface ImportLine {
  readonly specifier: string
  readonly line: number
  /** Whether it is gone once types are stripped. */
  readonly typeOnly: boolean
}

const statement = /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm
const sideEffect = /^[ \t]*import\s*['"]([^'"]+)['"]/gm
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g

/** The imports of a TypeScript source, in order of their kind; such lines inside comments begin with `*` or `//`. */
export function readImports(source: string): ImportLine[] {
  return [statement, sideEffect, dynamic].flatMap((pattern) =>
    [...source.matchAll(pattern)].map((match) => ({
      specifier: match[1] ?? '',
      line: source.slice(0, match.index + match[0].length).split('\n').length,
      typeOnly: /^[ \t]*(?:import|export)\s+type\b/.test(match[0]),
    })),
  )
}

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'

/** Bounds of a number. */
export interface NumberBounds {
  readonly above: number
  readonly max: number
  readonly whole?: boolean
}

/** Reads a YAML document node by node and keeps what is wrong with it, each with its line. Aliases and tags are refused: nothing is read twice. */
export interface YamlFacts {
  readonly root: unknown
  readonly faults: string[]
  /** Adds a fault at a node; without a node it has no line. */
  fault(node: unknown, what: string): void
  isMap(node: unknown): boolean
  /** The values of a map by their keys; a fault for each key that is not in `keys`, and undefined where it is no map. */
  map(node: unknown, keys: readonly string[], name: string): ReadonlyMap<string, unknown> | undefined
  /** The items of a list that is not empty; a fault where it is none. */
  list(node: unknown, name: string): readonly unknown[]
  /** A text; a fault, at `parent` where there is no node, where it is none. */
  text(node: unknown, name: string, parent: unknown): string | undefined
  number(node: unknown, name: string, bounds: NumberBounds, parent: unknown): number | undefined
}

/** Opens a YAML 1.2 document of at most one; what cannot be parsed is a fault. */
export function openYaml(text: string): YamlFacts {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const faults: string[] = []
  const fault = (node: unknown, what: string) => {
    const at = (node as Node | null | undefined)?.range?.[0]
    faults.push(at === undefined ? what : `line ${lines.linePos(at).line}: ${what}`)
  }
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    faults.push(`line ${lines.linePos(pos[0]).line}: ${message}`)
  }
  const scalar = (node: unknown): unknown => (isScalar(node) ? node.value : undefined)
  return {
    root: faults.length > 0 ? undefined : document.contents,
    faults,
    fault,
    isMap: (node) => isMap(node),
    map: (node, keys, name) => {
      if (!isMap(node)) {
        // A document that cannot be parsed has been told of.
        if (node !== undefined) fault(node, `${name} must have keys: ${keys.join(', ')}`)
        return undefined
      }
      for (const { key } of node.items) {
        const text = scalar(key)
        if (typeof text !== 'string' || !keys.includes(text)) fault(key, `unknown key "${String(text)}"`)
      }
      return new Map(node.items.map(({ key, value }) => [String(scalar(key)), value]))
    },
    list: (node, name) => {
      if (isSeq(node) && node.items.length > 0) return node.items
      if (node !== undefined) fault(node, `${name} must be a list of one or more`)
      return []
    },
    text: (node, name, parent) => {
      const value = scalar(node)
      if (typeof value === 'string' && value !== '') return value
      fault(node ?? parent, `${name} must be a text`)
      return undefined
    },
    number: (node, name, { above, max, whole = false }, parent) => {
      const value = scalar(node)
      const fits = typeof value === 'number' && value > above && value <= max
      if (fits && (!whole || Number.isSafeInteger(value))) return value
      fault(
        node ?? parent,
        `${name} must be a ${whole ? 'whole ' : ''}number above ${above} and at most ${max}`,
      )
      return undefined
    },
  }
}

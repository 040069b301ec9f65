/** The value below a path of names and indexes, or undefined where something on the way is missing. */
export function findIn(json: unknown, ...path: readonly (string | number)[]): unknown {
  let value = json
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

/** A text, or a whole number as a text; undefined for anything else and for nothing. */
export function findText(json: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = findIn(json, ...path)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The value of a JSON text; undefined where it is none. What the parser says of it, with parts of the text, goes nowhere. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

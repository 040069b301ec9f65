/** The parts of a SPIFFE id. */
export interface SpiffeId {
  readonly trustDomain: string
  /** Begins with `/`. */
  readonly path: string
}

const shape = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/
const maxBytes = 2048

/**
 * Reads a SPIFFE id that names a workload (SPIFFE-ID §2): no port, user, query, fragment or percent sign, no empty, `.` or `..` segment, and
 * a path. Undefined where the text is none.
 */
export function findSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > maxBytes) return undefined
  const [, trustDomain, path] = shape.exec(text) ?? []
  if (trustDomain === undefined || path === undefined) return undefined
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return undefined
  return { trustDomain, path }
}

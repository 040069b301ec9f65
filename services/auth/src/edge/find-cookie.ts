/**
 * The value of a cookie in a `cookie` header (RFC 6265 §4.2.1). Undefined where there is none, and where there are two: one of them was
 * planted, and nothing says which.
 */
export function findCookie(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim())
  const [first, ...others] = pairs.filter((pair) => pair.startsWith(`${name}=`))
  return first === undefined || others.length > 0 ? undefined : first.slice(name.length + 1)
}

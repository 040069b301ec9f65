import type { Variant } from '../world/variant.ts'
import type { KnownBad } from './known-bad.ts'
import { variants } from './variants.ts'

/** The variant of that name; the system as it is without one. Throws RangeError for a name that is none. */
export function findVariant(name: string | undefined): Variant {
  return name === undefined ? {} : findKnownBad(name).variant
}

/** The known-bad system of that name. Throws RangeError for a name that is none. */
export function findKnownBad(name: string): KnownBad {
  const found = variants.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new RangeError(`no variant ${name}; there are: ${variants.map((one) => one.name).join(', ')}`)
}

import type { Variant } from '../world/variant.ts'
import { variants } from './variants.ts'

/** The variant of that name; the system as it is without one. Throws RangeError for a name that is none. */
export function findVariant(name: string | undefined): Variant {
  if (name === undefined) return {}
  const found = variants.find((one) => one.name === name)
  if (found === undefined) {
    throw new RangeError(`no variant ${name}; there are: ${variants.map((one) => one.name).join(', ')}`)
  }
  return found.variant
}

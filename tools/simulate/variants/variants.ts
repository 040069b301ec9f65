import type { KnownBad } from './known-bad.ts'
import { serviceVariants } from './service-variants.ts'
import { verifierVariants } from './verifier-variants.ts'

/** All known-bad variants: what the simulator must find out, or its silence about the real system says nothing. */
export const variants: readonly KnownBad[] = [...verifierVariants, ...serviceVariants]

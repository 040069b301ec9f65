import type { Attack } from './attack.ts'
import { callAttacks } from './call-attacks.ts'
import { connectionAttacks } from './connection-attacks.ts'
import { edgeAttacks } from './edge-attacks.ts'
import { frameAttacks } from './frame-attacks.ts'

/** Everything that is tried. */
export const attacks: readonly Attack[] = [
  ...frameAttacks,
  ...callAttacks,
  ...connectionAttacks,
  ...edgeAttacks,
]

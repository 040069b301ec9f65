import type { World } from '../world/world.ts'
import { type IssuingCalls, makeIssuingCalls } from './issuing-calls.ts'
import { type KeyCalls, makeKeyCalls } from './key-calls.ts'
import { makeRevokingCalls, type RevokingCalls } from './revoking-calls.ts'

/** The calls that change something, over the network to an instance; they reject where a caller would see an error. */
export interface Calls extends IssuingCalls, RevokingCalls, KeyCalls {}

/** Makes the calls of a world. */
export function makeCalls(world: World): Calls {
  return { ...makeIssuingCalls(world), ...makeRevokingCalls(world), ...makeKeyCalls(world) }
}

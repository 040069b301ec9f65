import { makeClaimsClass } from './classes/claims.ts'
import { makeHeaderClass } from './classes/header.ts'
import { makeJsonClass } from './classes/json.ts'
import { makeKeySetClass } from './classes/key-sets.ts'
import { makeMemoryClass } from './classes/memory.ts'
import { makeMomentsClass } from './classes/moments.ts'
import { makeRecordsClass } from './classes/records.ts'
import { makeRevocationsClass } from './classes/revocations.ts'
import { makeSegmentsClass } from './classes/segments.ts'
import { makeSignatureClass } from './classes/signature.ts'
import { makeTextsClass } from './classes/texts.ts'
import type { MakeFuzzClass } from './fuzz-class.ts'

/** The classes of inputs, with how many of 100 inputs are of each. */
export const fuzzClasses = Object.freeze({
  texts: { share: 10, make: makeTextsClass as MakeFuzzClass },
  segments: { share: 16, make: makeSegmentsClass as MakeFuzzClass },
  json: { share: 24, make: makeJsonClass as MakeFuzzClass },
  header: { share: 8, make: makeHeaderClass as MakeFuzzClass },
  claims: { share: 8, make: makeClaimsClass as MakeFuzzClass },
  moments: { share: 14, make: makeMomentsClass as MakeFuzzClass },
  signature: { share: 4, make: makeSignatureClass as MakeFuzzClass },
  memory: { share: 5, make: makeMemoryClass as MakeFuzzClass },
  'key sets': { share: 2, make: makeKeySetClass as MakeFuzzClass },
  revocations: { share: 4, make: makeRevocationsClass as MakeFuzzClass },
  records: { share: 5, make: makeRecordsClass as MakeFuzzClass },
})

/** The name of a class of inputs. */
export type FuzzClassName = keyof typeof fuzzClasses

/** All names, in the table's order. */
export const fuzzClassNames = Object.freeze(Object.keys(fuzzClasses) as FuzzClassName[])

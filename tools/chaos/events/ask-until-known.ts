import type { CallOptions } from '@immersiverse/auth-client/grpc'
import { callUntilKnown, type KnownEnd } from '../load/call-until-known.ts'
import type { Calls } from '../world/world.ts'
import type { Operation } from './operation.ts'
import type { Person, Surroundings } from './person.ts'

/** A call with the options that make it known again. */
export type Call<T> = (calls: Calls, options: CallOptions) => Promise<T>

/** Calls until somebody answers, and writes every attempt down. Once one had no answer, the person is not certain any more. */
export async function askUntilKnown<T>(
  { replicas, random, signal, log }: Surroundings,
  person: Pick<Person, 'isCertain'>,
  operation: Omit<Operation, 'attempts'>,
  call: Call<T>,
): Promise<KnownEnd<T>> {
  const recorded = log.begin(operation)
  const end = await callUntilKnown(replicas, random, signal, (calls) =>
    recorded((options) => call(calls, options)),
  )
  if (end.unknown > 0) person.isCertain = false
  return end
}

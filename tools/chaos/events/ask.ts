import { RpcError } from '@immersiverse/auth-client'
import type { CallOptions } from '@immersiverse/auth-client/grpc'
import { callUntilKnown, type KnownEnd } from '../load/call-until-known.ts'
import { isPassing } from '../load/is-passing.ts'
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

/** Calls once and writes it down. Resolves with undefined where it was refused or not answered. */
export async function askOnce<T>(
  { replicas, random, log }: Surroundings,
  person: Pick<Person, 'isCertain'>,
  operation: Omit<Operation, 'attempts'>,
  call: Call<T>,
): Promise<T | undefined> {
  const { users } = random.pick(replicas)
  try {
    return await log.begin(operation)((options) => call(users, options))
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    if (isPassing(error)) person.isCertain = false
    return undefined
  }
}

import { RpcError } from '@immersiverse/auth-client'
import { isPassing } from '../load/is-passing.ts'
import type { Call } from './ask-until-known.ts'
import type { Operation } from './operation.ts'
import type { Person, Surroundings } from './person.ts'

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

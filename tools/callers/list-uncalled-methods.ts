import type { CallerPolicy } from '../../services/auth/src/domain/caller-policy.ts'

/** The methods that a policy lets nobody call. */
export function listUncalledMethods(policy: CallerPolicy, methods: Iterable<string>): string[] {
  const callers = [...policy.values()]
  return [...methods].filter((method) => !callers.some(({ grants }) => grants.has(method)))
}

/** The roles by which people act for others: operators change, and read as viewers do. */
export const operatorRole = 'operator'
export const viewerRole = 'viewer'

/** Who, beside the user, may do something with a user's account. */
export type Others = 'nobody' | typeof operatorRole | typeof viewerRole

const rolesOf: Readonly<Record<Others, readonly string[]>> = Object.freeze({
  nobody: [],
  [operatorRole]: [operatorRole],
  [viewerRole]: [viewerRole, operatorRole],
})

/** Whether a person may act for any user, by the roles of their token. */
export function mayActFor(caller: { readonly roles: readonly string[] }, others: Others): boolean {
  return rolesOf[others].some((role) => caller.roles.includes(role))
}

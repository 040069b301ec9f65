import type { ConnectAuthOptions, VerifyTokenOptions } from '@immersiverse/auth-client'

/** What a verifying process runs: the client as it is, or one that is known to be wrong, which the run has to find out. */
export type VerifierVariant = 'good' | 'lag-0' | 'allow-stale'

/** What a verifying process is started with, as JSON. */
export interface VerifierArguments extends Omit<ConnectAuthOptions, 'logger'> {
  readonly variant: VerifierVariant
}

interface Changes {
  readonly connect: Partial<ConnectAuthOptions>
  readonly verify: VerifyTokenOptions
}

/** How the variants differ from a service that does it right. */
export const verifierVariants: Readonly<Record<VerifierVariant, Changes>> = Object.freeze({
  good: { connect: {}, verify: {} },
  // Fresh as long as nothing is known to be missing, however long ago anything was heard.
  'lag-0': { connect: { maxStalenessMs: 1e9 }, verify: {} },
  // Fails open: the old view answers where the service cannot be asked.
  'allow-stale': { connect: {}, verify: { onUnavailable: 'allowStale' } },
})

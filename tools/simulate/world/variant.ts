import type { ModelDatabaseOptions } from '../model-database/model-database.ts'
import type { ServiceVariant } from './open-auth-process.ts'
import type { VerifierVariant } from './open-verifying-process.ts'
import type { WorldSettings } from './settings.ts'

/** A system that is known to be wrong in one place; empty is the system as it is. */
export interface Variant {
  readonly service?: ServiceVariant
  readonly verifier?: VerifierVariant
  /** Statements that the model database understands beside the service's. */
  readonly statements?: NonNullable<ModelDatabaseOptions['statements']>
  /** How long recovery may take; default `awaitRecovery`'s. */
  readonly recoversWithinMs?: number
  /** Whether it is not asked to recover. */
  readonly neverRecovers?: boolean
  /** Whether a record that cannot be read is taken for a harmless one. */
  readonly skipsPoison?: boolean
  readonly settings?: (settings: WorldSettings) => WorldSettings
}

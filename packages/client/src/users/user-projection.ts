import type { ProjectedUser } from './projected-user.ts'

/** How far a partition has been read. */
export interface ProjectedPartition {
  readonly partition: number
  readonly next: bigint
  /** Everything that stood there since the list began has been read. */
  readonly isListed: boolean
}

/** How far a projection has got. */
export interface ProjectionState {
  readonly topicId: string
  readonly epoch: string
  /** The auth database's clock when the present list began. */
  readonly beganAt: Date
  /** The present list is complete: who was not in it is deleted. */
  readonly isComplete: boolean
  /** The table has everything that was committed by then, by the auth database's clock; undefined before it was first complete. */
  readonly asOf: Date | undefined
  readonly partitions: readonly ProjectedPartition[]
}

/** What a list of all users begins with. */
export type ProjectionStart = Pick<ProjectionState, 'topicId' | 'epoch' | 'beganAt'> & {
  readonly partitions: readonly Pick<ProjectedPartition, 'partition' | 'next'>[]
}

/** How far a partition was read with some users. */
export interface PartitionStep extends ProjectedPartition {
  /** Where it stood before. */
  readonly from: bigint
  /** The partition is complete up to then; undefined where that is not known to have changed. */
  readonly asOf: Date | undefined
}

/** Rows, and the positions behind them: written together or not at all. */
export interface ProjectionBatch {
  /** At most one of each user, all of the present epoch. */
  readonly users: readonly ProjectedUser[]
  readonly steps: readonly PartitionStep[]
}

/** The one writer of a projection, until it is closed. */
export interface ProjectionWriter extends AsyncDisposable {
  /** Undefined where nothing was ever written. */
  load(): Promise<ProjectionState | undefined>
  /** Begins a list of all users. Rows stay as they are until it is complete; then those go that it has not named. */
  beginList(start: ProjectionStart): Promise<ProjectionState>
  /**
   * Answers how far the whole table is complete; undefined while a list is not. Rejects where another writer has gone on from where this one
   * stood.
   */
  save(batch: ProjectionBatch): Promise<Date | undefined>
}

/** A table of all users that belongs to the service. */
export interface UserProjection {
  /** Undefined while another process writes it. */
  openWriter(): Promise<ProjectionWriter | undefined>
  /** How far the table is complete, whoever writes it; undefined before it first was. */
  readAsOf(): Promise<Date | undefined>
}

import type { GrpcClientOf } from '@immersiverse/auth-client/grpc'
import type { AuthService, UserService } from '@immersiverse/auth-contract'
import type { KafkaPart } from '../../parts/open-kafka.ts'
import type { PostgresPart } from '../../parts/open-postgres.ts'
import type { TcpProxy } from '../../parts/tcp-proxy.ts'
import type { FakeClock } from './open-fake-clock.ts'
import type { ChaosProcess } from './open-process.ts'
import type { Outcome } from './verifier-messages.ts'

/** The processes of the service, two or three, and the verifying ones: a follows replica 1, b replica 1 or 2, c Kafka where it can. */
export type ReplicaName = 'auth1' | 'auth2' | 'auth3'
export type VerifierName = 'a' | 'b' | 'c'

/** Calls to one replica. */
export interface Calls {
  readonly auth: GrpcClientOf<typeof AuthService>
  readonly users: GrpcClientOf<typeof UserService>
}

/** A process of the service. */
export interface Replica {
  readonly name: ReplicaName
  readonly process: ChaosProcess
  /** As its users reach it: this way can be cut. */
  readonly users: Calls
  /** As the recorder reaches it: past all proxies. */
  readonly direct: Calls
  readonly adminUrl: string
  readonly grpcPort: number
  /** Which connection `direct` uses: another number once a certificate was renewed. */
  toConnectionId(): number
  readonly clock: FakeClock | undefined
}

/** One answer of a verifying process, as it arrived. */
export interface VerifierAnswer {
  readonly batch: number
  readonly id: number
  readonly outcome: Outcome
  readonly decision: 'view' | 'asked'
}

/** A verifying process. */
export interface Verifier {
  readonly name: VerifierName
  /** S, in milliseconds: what its answers are judged by. */
  readonly maxStalenessMs: number
  /** What it is: for the report. */
  readonly told: string
  readonly process: ChaosProcess
  readonly clock: FakeClock | undefined
  /** Asks for its state; undefined where it does not answer in that time. */
  findState(timeoutMs: number): Promise<string | undefined>
  onAnswers(take: (answers: readonly VerifierAnswer[]) => void): void
}

/** Everything a chaos run is made of. */
export interface World extends AsyncDisposable {
  readonly postgres: PostgresPart
  readonly kafka: KafkaPart | undefined
  readonly replicas: readonly Replica[]
  readonly verifiers: readonly Verifier[]
  /** Every way between two processes, named `from-to`. */
  readonly links: ReadonlyMap<string, TcpProxy>
  /** Whether libfaketime is installed, so that clocks can be set wrong. */
  readonly hasFalseClocks: boolean
  /** What another process of the service is started with to stand beside the replicas, past all proxies. */
  readonly environment: NodeJS.ProcessEnv
  /** Where the logs of all processes are. */
  readonly folder: string
}

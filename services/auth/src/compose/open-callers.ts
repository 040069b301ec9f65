import type { X509Certificate } from 'node:crypto'
import { type Config, ConfigError } from '../config.ts'
import type { Log } from '../deps.ts'
import type { CallerPolicy } from '../domain/caller-policy.ts'
import type { Clock } from '../domain/clock.ts'
import type { CallerGate } from '../rpc/callers/caller-gate.ts'
import { makeCallerGate } from '../rpc/callers/make-caller-gate.ts'
import { TlsCredentials } from '../rpc/callers/tls-credentials.ts'
import { makeTokenBucket } from '../security/callers/make-token-bucket.ts'
import { makeUsedAssertions, type UsedAssertions } from '../security/callers/make-used-assertions.ts'
import type { TlsIdentity } from '../security/callers/read-tls-files.ts'
import { type HeldFiles, holdFiles, renewFiles } from './held-files.ts'
import { makeCallerRules } from './make-caller-rules.ts'
import { type FileWatch, openFileWatch } from './open-file-watch.ts'
import { tlsVariables, toCallerPolicy, toTlsIdentity, toTrustDomain } from './read-caller-files.ts'
import { type ReadOutcome, readConfigured } from './read-configured.ts'

/** What callers are judged with. */
export interface CallersParts {
  readonly clock: Clock
  readonly log: Log
}

/** How the files of TLS and callers stand. */
export interface CallersStatus {
  /** When files were last taken over, at the start or later. */
  readonly loadedAt: Date
  /** Files have changed and do not hold: those before them are in force. */
  readonly isFailing: boolean
  /** The end of the server's own certificate; undefined without TLS. */
  readonly certificateExpiresAt: Date | undefined
}

/** Who may call over gRPC. */
export interface Callers {
  readonly gate: CallerGate
  /** Undefined: plaintext. */
  readonly credentials: TlsCredentials | undefined
  status(): CallersStatus
  close(): Promise<void>
}

interface CallerFiles {
  readonly tls: HeldFiles<TlsIdentity> | undefined
  readonly policy: HeldFiles<CallerPolicy> | undefined
  readonly trustDomain: string | undefined
}

/**
 * Reads the files of TLS and callers, and looks every `AUTH_RELOAD_INTERVAL` whether they have changed: new ones that hold are taken over, for
 * open connections, too. Throws ConfigError with all faults of the first ones.
 */
export async function openCallers(config: Config, parts: CallersParts): Promise<Callers> {
  return new OpenCallers(config, parts, await readFirst(config, parts.clock))
}

async function readFirst(config: Config, clock: Clock): Promise<CallerFiles> {
  const faults: string[] = []
  const get = <T>(outcome: ReadOutcome<T> | undefined): T | undefined => {
    if (outcome?.faults) faults.push(...outcome.faults)
    return outcome?.value
  }
  const tlsFiles = await readConfigured(config, tlsVariables)
  const tls = holdFiles(get(tlsFiles && toTlsIdentity(tlsFiles, clock.now())), tlsFiles)
  const trustDomain = tls && get(toTrustDomain(config, tls.value))
  const callersFile = await readConfigured(config, ['AUTH_CALLERS_FILE'])
  const policy = holdFiles(get(callersFile && toCallerPolicy(callersFile, trustDomain)), callersFile)
  if (faults.length > 0) throw new ConfigError(faults)
  return { tls, policy, trustDomain }
}

class OpenCallers implements Callers {
  readonly gate: CallerGate
  readonly credentials: TlsCredentials | undefined
  readonly #config: Config
  readonly #parts: CallersParts
  readonly #files: CallerFiles
  readonly #watch: FileWatch | undefined
  /** Outlives the callers file: a used `jti` stays used. */
  readonly #assertions: { readonly audience: string; readonly used: UsedAssertions } | undefined
  #loadedAt: Date
  /** When an authority was last taken away, in ms of the monotonic clock. */
  #anchorLostMs: number | undefined

  constructor(config: Config, parts: CallersParts, files: CallerFiles) {
    const { clock } = parts
    this.#config = config
    this.#parts = parts
    this.#files = files
    this.#loadedAt = clock.now()
    const isCertificateNeeded = config.AUTH_CALLER_ASSERTIONS !== 'true'
    if (!isCertificateNeeded) {
      this.#assertions = { audience: config.AUTH_ISSUER, used: makeUsedAssertions(clock) }
    }
    this.gate = makeCallerGate({ clock, rules: this.#toRules(), makeBucket: makeTokenBucket })
    this.credentials = files.tls && new TlsCredentials(files.tls.value, { clock, isCertificateNeeded })
    const { tls, policy } = files
    if (tls === undefined && policy === undefined) return
    const everyMs = config.AUTH_RELOAD_INTERVAL
    this.#watch = openFileWatch({ ...parts, everyMs, whose: 'callers' }, () => this.#look())
  }

  status(): CallersStatus {
    const { tls, policy } = this.#files
    return {
      loadedAt: this.#loadedAt,
      isFailing: tls?.isFailing === true || policy?.isFailing === true,
      certificateExpiresAt: tls?.value.leaf.validToDate,
    }
  }

  async close(): Promise<void> {
    await this.#watch?.close()
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#parts
    const { policy, trustDomain } = this.#files
    const tls = await this.#lookAtTls()
    const file = await readConfigured(this.#config, ['AUTH_CALLERS_FILE'])
    const callers = renewFiles(policy, file, (found) => toCallerPolicy(found, trustDomain), 'callers', log)
    if (!tls && !callers) return this.gate.review()
    this.gate.setRules(this.#toRules())
    this.#loadedAt = clock.now()
    log.info({ tls, callers }, 'files of callers taken over')
  }

  async #lookAtTls(): Promise<boolean> {
    const { clock, log } = this.#parts
    const { tls } = this.#files
    if (tls === undefined) return false
    const { anchors } = tls.value
    const files = await readConfigured(this.#config, tlsVariables)
    if (!renewFiles(tls, files, (found) => toTlsIdentity(found, clock.now()), 'callers', log)) return false
    this.credentials?.replace(tls.value)
    if (isAnyLost(anchors, tls.value.anchors)) this.#anchorLostMs = clock.monotonicMs()
    return true
  }

  #toRules() {
    const { tls, policy, trustDomain } = this.#files
    const { clock } = this.#parts
    return makeCallerRules({
      tls: tls?.value,
      policy: policy?.value,
      trustDomain,
      clock,
      anchorLostMs: this.#anchorLostMs,
      assertions: this.#assertions,
    })
  }
}

function isAnyLost(before: readonly X509Certificate[], after: readonly X509Certificate[]): boolean {
  const kept = new Set(after.map(({ fingerprint256 }) => fingerprint256))
  return before.some(({ fingerprint256 }) => !kept.has(fingerprint256))
}

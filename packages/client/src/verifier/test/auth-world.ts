import type { Principal } from '../../principal.ts'
import { goodClaims } from '../../test/make-issuer.ts'
import { tokenRefusal } from '../../token-refusal.ts'
import { unavailable } from '../../unavailable.ts'
import type { Verify } from '../../verify.ts'
import { isRevokedBy } from '../is-revoked-by.ts'
import type { LocalToken } from '../local-token.ts'
import type { TokenVerifier } from '../make-token-verifier.ts'
import type { AccessTokenClaims } from '../read-claims.ts'
import {
  type Heartbeat,
  type Revocation,
  RevocationDoubt,
  type RevocationEntry,
  type RevocationSource,
} from '../revocation.ts'
import { toTokenPrincipal } from '../to-token-principal.ts'
import { RecordChannel } from './record-channel.ts'
import { startMs, type VirtualTime } from './virtual-time.ts'

/** A simulated auth service with its database and the network before it; faults are its writable members. */
export class AuthWorld {
  readonly time: VirtualTime
  epoch = 'e1'
  term = 1
  /** The database's clock: how far from the truth. */
  databaseSkewMs = 0
  /** One way, in milliseconds. */
  delayMs = 1
  isRelayDead = false
  isCut = false
  isAuthDown = false
  /** Status and snapshot fail; streams and ValidateToken do not. */
  isReadDown = false
  /** What a reader finds unreadable, by rseq, and what it makes of it. */
  readonly poison = new Set<number>()
  readPoison = (_record: Revocation): Revocation | Error => new RevocationDoubt('UNREADABLE_RECORD', 'poison')
  /** After an issuer-level revocation until T none is issued before T + 1. */
  issuesAgainAtSeconds = 0
  log: Revocation[] = []
  readonly #channels = new Set<RecordChannel>()
  #tokens = 0
  validations = 0

  constructor(time: VirtualTime) {
    this.time = time
    this.#beat()
  }

  get databaseMs(): number {
    return startMs + this.time.nowMs + this.databaseSkewMs
  }

  issueToken(claims: Partial<AccessTokenClaims> = {}): string {
    const id = (part: number) =>
      `0189000${part}-0000-7000-8000-${this.#tokens.toString(16).padStart(12, '0')}`
    this.#tokens++
    const iat = Math.floor(this.databaseMs / 1000)
    const own = { jti: id(1), sid: id(2), sub: id(3), iat, exp: iat + 600, aud: ['immersiverse'] }
    return JSON.stringify({ ...goodClaims, ...own, ...claims })
  }

  /** Commits a revocation. */
  revoke(entry: RevocationEntry): Revocation {
    const rseq = this.log.length + 1
    const committedAt = new Date(this.databaseMs)
    const at = { rseq, epoch: this.epoch, committedAt, eventId: `event-${rseq}`, reason: 'test' }
    const record: Revocation = { ...entry, ...at, kind: 'revocation' }
    this.log.push(record)
    if (!this.isRelayDead) this.#send(record)
    return record
  }

  /** Restored from a backup: the last commits are lost, a new epoch revokes all that was issued. */
  restore(lost: number): void {
    this.epoch = `${this.epoch}+`
    this.log = this.log.slice(0, Math.max(0, this.log.length - lost))
    this.log = this.log.map((record) => ({ ...record, epoch: this.epoch }))
    const until = Math.floor(this.databaseMs / 1000)
    this.issuesAgainAtSeconds = until + 1
    this.revoke({ type: 'issuer', subject: goodClaims.iss, until })
  }

  /** The next revocation never reaches those who stream now. */
  loseRecord(entry: RevocationEntry): void {
    const wasDead = this.isRelayDead
    this.isRelayDead = true
    this.revoke(entry)
    this.isRelayDead = wasDead
    for (const channel of this.#channels) channel.sentRseq = this.log.length
  }

  beat(): void {
    for (const channel of this.#channels) this.#catchUp(channel)
    this.#send(this.#heartbeat(this.term, this.log.length))
  }

  /** A deposed leader's heartbeat: it knows the log only up to there, and believes that is all. */
  beatOfOldLeader(rseqHi: number): void {
    this.#send(this.#heartbeat(this.term - 1, rseqHi))
  }

  breakStreams(): void {
    for (const channel of this.#channels) channel.fail(new Error('connection reset'))
  }

  isRevoked(token: string): boolean {
    return this.log.some((entry) => isRevokedBy(entry, readClaims(token), 'k1'))
  }

  get source(): RevocationSource {
    return {
      watch: ({ epoch, afterRseq }, signal) => this.#watch(epoch, afterRseq, signal),
      snapshot: () => this.#snapshot(),
      status: async () => {
        await this.#travel()
        if (this.isReadDown) throw new Error('status fails')
        const status = { epoch: this.epoch, rseqHi: this.log.length, databaseTime: new Date(this.databaseMs) }
        await this.#travel()
        return status
      },
    }
  }

  readonly verifier: TokenVerifier<LocalToken> = {
    verifySignature: (token) => ({
      ok: true,
      token: { claims: readClaims(token), keyId: 'k1', attachment: undefined },
    }),
  }

  /** ValidateToken, strict. */
  readonly validate: Verify = async (token): Promise<Principal> => {
    this.validations++
    await this.#travel()
    if (this.isAuthDown) throw unavailable('AUTH_UNREACHABLE', 'down')
    const isRevoked = this.isRevoked(token)
    await this.#travel()
    if (isRevoked) throw tokenRefusal('REVOKED')
    return toTokenPrincipal(readClaims(token))
  }

  async #travel(): Promise<void> {
    await this.time.sleep(this.delayMs)
    if (this.isCut) throw unavailable('AUTH_UNREACHABLE', 'cut')
  }

  async *#snapshot() {
    await this.#travel()
    if (this.isReadDown) throw new Error('snapshot fails')
    const { epoch, log } = this
    const entries = log.slice()
    const half = Math.floor(entries.length / 2)
    await this.#travel()
    yield { kind: 'entries', entries: entries.slice(0, half) } as const
    await this.#travel()
    yield { kind: 'entries', entries: entries.slice(half) } as const
    yield { kind: 'end', epoch, rseq: entries.length } as const
  }

  #watch(epoch: string, afterRseq: number, signal: AbortSignal): RecordChannel {
    const channel = new RecordChannel(this.time, (record) =>
      this.poison.has(record.rseq) ? this.readPoison(record) : record,
    )
    channel.sentRseq = afterRseq
    signal.addEventListener('abort', () => this.#channels.delete(channel), { once: true })
    this.time.after(this.delayMs, () => {
      if (this.isCut) return channel.fail(new Error('cut'))
      if (signal.aborted) return
      this.#channels.add(channel)
      if (epoch !== this.epoch) return
      for (const record of this.log.slice(afterRseq)) channel.send(record, this.delayMs)
    })
    return channel
  }

  #beat(): void {
    if (!this.isRelayDead) this.beat()
    this.time.after(500, () => this.#beat())
  }

  /** What was committed while the relay was dead goes before the heartbeat. */
  #catchUp(channel: RecordChannel): void {
    for (const record of this.log.slice(channel.sentRseq)) channel.send(record, this.delayMs)
  }

  #heartbeat(term: number, rseqHi: number): Heartbeat {
    return {
      kind: 'heartbeat',
      epoch: this.epoch,
      term,
      rseqHi,
      asOf: new Date(this.databaseMs),
      intervalMs: 500,
    }
  }

  #send(record: Revocation | Heartbeat): void {
    for (const channel of this.#channels) {
      if (this.isCut) channel.fail(new Error('cut'))
      else channel.send(record, this.delayMs)
    }
  }
}

function readClaims(token: string): AccessTokenClaims {
  return JSON.parse(token) as AccessTokenClaims
}

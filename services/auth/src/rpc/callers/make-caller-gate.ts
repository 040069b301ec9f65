import type { ServerHttp2Session } from 'node:http2'
import { type DescMessage, isFieldSet, type Message } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import type { CallerEntry } from '../../domain/caller-policy.ts'
import type { Clock } from '../../domain/clock.ts'
import { AuthError } from '../../domain/errors.ts'
import { toGrpcCaller } from '../call-origin.ts'
import type { Admission, ArrivedCall, CallerGate } from './caller-gate.ts'
import type { CallerRules, ProofVerdict } from './caller-rules.ts'
import { findSession } from './find-session.ts'
import { type CallerLimits, type CallerLimitsOptions, makeCallerLimits } from './make-caller-limits.ts'
import { readBearer } from './read-bearer.ts'
import { type Peer, readPeer } from './read-peer.ts'

/** What a gate is made of. */
export interface CallerGateOptions {
  readonly clock: Clock
  readonly rules: CallerRules
  readonly makeBucket: CallerLimitsOptions['makeBucket']
}

/** Who is proved by a connection, or by an assertion on it. */
interface Identity {
  /** Undefined: whoever reaches the listener, as there is no policy. */
  readonly id: string | undefined
  /** What the policy says of it. */
  readonly entry: CallerEntry | undefined
  readonly isAddressAllowed: boolean
  readonly expiresAtMs: number
  readonly kid: string | undefined
  /** Why nobody is proved. */
  readonly fault: string | undefined
}

interface Connection {
  readonly session: ServerHttp2Session | undefined
  readonly peer: Peer
  /** The rules that `identity` was found by. */
  rules: CallerRules
  identity: Identity
}

interface JudgedAdmission extends Admission {
  readonly identity: Identity
  readonly connection: Connection
}

interface HeldStream {
  readonly admission: JudgedAdmission
  readonly end: (refusal: AuthError) => void
}

const nobody = Object.freeze({
  id: undefined,
  entry: undefined,
  isAddressAllowed: false,
  expiresAtMs: Number.POSITIVE_INFINITY,
  kid: undefined,
})

/**
 * Makes the gate of a gRPC server. A peer's certificate is judged once for each connection and set of rules; a call costs two look-ups in
 * memory. Where a certificate has proved somebody, and where there is no policy, metadata is not looked at.
 */
export function makeCallerGate(options: CallerGateOptions): CallerGate {
  return new Gate(options)
}

class Gate implements CallerGate {
  readonly #options: CallerGateOptions
  readonly #connections = new WeakMap<ServerHttp2Session, Connection>()
  readonly #limits: CallerLimits
  readonly #held = new Set<HeldStream>()
  #rules: CallerRules

  constructor(options: CallerGateOptions) {
    const { makeBucket, clock } = options
    this.#options = options
    this.#limits = makeCallerLimits({ makeBucket, monotonicMs: () => clock.monotonicMs() })
    this.#rules = options.rules
  }

  admit(call: ArrivedCall, method: string, cost = 1): JudgedAdmission {
    const connection = this.#find(findSession(call))
    const { ip } = connection.peer
    const identity = this.#identify(connection, call)
    const isOpen = this.#rules.policy === undefined
    const caller = toGrpcCaller(call, identity.id ?? (isOpen ? toOpenName(ip) : undefined), ip)
    if (isOpen) return { caller, method, refusal: undefined, fields: undefined, identity, connection }
    const denial = this.#judge(identity, method, connection)
    const refusal = denial ?? (identity.entry && this.#limits.take(identity.entry, cost))
    const fields = identity.entry?.grants.get(method)?.fields
    return { caller, method, refusal, fields, identity, connection }
  }

  spend(admission: Admission, cost: number): void {
    const { id } = (admission as JudgedAdmission).identity
    // As the file says now: a stream may be older.
    const entry = id === undefined ? undefined : this.#rules.policy?.get(id)
    const refusal = entry && this.#limits.take(entry, cost)
    if (refusal !== undefined) throw refusal
  }

  requireFields(admission: Admission, schema: DescMessage, request: Message): void {
    const { fields } = admission
    if (fields === undefined) return
    const refused = schema.fields.find(
      (field) =>
        field.presence === FeatureSet_FieldPresence.EXPLICIT &&
        !fields.has(field.name) &&
        isFieldSet(request, field),
    )
    if (refused === undefined) return
    throw new AuthError('FIELD_NOT_ALLOWED', { metadata: { field: refused.name } })
  }

  hold(admission: Admission, end: (refusal: AuthError) => void): () => void {
    const held = { admission: admission as JudgedAdmission, end }
    this.#held.add(held)
    return () => this.#held.delete(held)
  }

  setRules(rules: CallerRules): void {
    this.#rules = rules
    this.review()
  }

  review(): void {
    if (this.#rules.policy === undefined) return
    for (const held of this.#held) {
      const { connection, method, identity } = held.admission
      // By a certificate: judged anew. By an assertion: whom it named is still listed, with that key.
      const now =
        identity.kid === undefined
          ? this.#identifyPeer(connection)
          : this.#refresh(identity, connection.peer.ip)
      const refusal = this.#judge(now, method, connection)
      if (refusal === undefined) continue
      this.#held.delete(held)
      held.end(refusal)
    }
  }

  #find(session: ServerHttp2Session | undefined): Connection {
    const known = session && this.#connections.get(session)
    if (known !== undefined) return known
    const peer = readPeer(session)
    const connection = { session, peer, rules: this.#rules, identity: this.#judgePeer(peer) }
    if (session !== undefined) this.#connections.set(session, connection)
    return connection
  }

  #identify(connection: Connection, { metadata }: ArrivedCall): Identity {
    const { policy, judgeAssertion } = this.#rules
    if (policy === undefined || judgeAssertion === undefined || connection.peer.certificate !== undefined) {
      return this.#identifyPeer(connection)
    }
    const assertion = readBearer(metadata)
    if (assertion === undefined) return { ...nobody, fault: 'no certificate and no assertion' }
    const { ip } = connection.peer
    return this.#toIdentity(judgeAssertion(assertion, ip), ip)
  }

  #identifyPeer(connection: Connection): Identity {
    if (connection.rules !== this.#rules) {
      connection.rules = this.#rules
      connection.identity = this.#judgePeer(connection.peer)
    }
    return connection.identity
  }

  #judgePeer({ certificate, ip }: Peer): Identity {
    if (this.#rules.policy === undefined) return { ...nobody, fault: undefined }
    if (certificate === undefined) return { ...nobody, fault: 'no certificate' }
    if (!certificate.isVerified)
      return { ...nobody, fault: 'the certificate is of no authority that is trusted here' }
    return this.#toIdentity(this.#rules.judgeCertificate(certificate), ip)
  }

  #toIdentity(verdict: ProofVerdict, ip: string): Identity {
    if (verdict.id === undefined) return { ...nobody, fault: verdict.fault }
    const { id, notAfter, kid } = verdict
    const entry = this.#rules.policy?.get(id)
    const isAddressAllowed = entry?.isAddressAllowed(ip) === true
    return { id, entry, isAddressAllowed, expiresAtMs: notAfter.getTime(), kid, fault: undefined }
  }

  /** An assertion opens a stream and need not live as long as it. */
  #refresh(identity: Identity, ip: string): Identity {
    const entry = identity.id === undefined ? undefined : this.#rules.policy?.get(identity.id)
    const hasKey = entry?.keys.some(({ kid }) => kid === identity.kid) === true
    const fault = hasKey ? undefined : 'the key of the assertion is gone'
    const isAddressAllowed = entry?.isAddressAllowed(ip) === true
    return { ...identity, entry, isAddressAllowed, expiresAtMs: Number.POSITIVE_INFINITY, fault }
  }

  #judge(identity: Identity, method: string, connection: Connection): AuthError | undefined {
    const { entry, isAddressAllowed, fault, expiresAtMs } = identity
    const isExpired = expiresAtMs <= this.#options.clock.now().getTime()
    if (fault !== undefined || isExpired) {
      sendAway(connection)
      return new AuthError('CALLER_NOT_AUTHENTICATED', {
        metadata: { why: fault ?? 'the proof has expired' },
      })
    }
    if (isAddressAllowed && entry?.grants.has(method)) return undefined
    return new AuthError('CALLER_NOT_ALLOWED')
  }
}

/** A certificate that does no more may have a successor: its peer is asked to connect again. What runs on the connection is finished. */
function sendAway({ session, peer }: Connection): void {
  if (peer.certificate !== undefined && session?.closed === false) session.close()
}

/** Who calls where nobody has to prove anything. */
function toOpenName(ip: string): string {
  return ip === '::1' || ip.startsWith('127.') || ip.startsWith('::ffff:127.') ? 'loopback' : 'plaintext'
}

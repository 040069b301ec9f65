import { X509Certificate } from 'node:crypto'
import type { ServerHttp2Session } from 'node:http2'
import { Metadata } from '@grpc/grpc-js'
import { expiredCertificate } from '../../../../test/expired-certificate.ts'
import type { CallerEntry, Grant } from '../../../domain/caller-policy.ts'
import { makeTokenBucket } from '../../../security/callers/make-token-bucket.ts'
import type { ArrivedCall, CallerGate } from '../caller-gate.ts'
import type { CallerRules } from '../caller-rules.ts'
import { makeCallerGate } from '../make-caller-gate.ts'

export const getUser = 'auth.v1.UserService/GetUser'
export const updateUser = 'auth.v1.UserService/UpdateUser'
export const chat = 'spiffe://immersiverse/ns/test/sa/chat'
export const startMs = 1_800_000_000_000

/** Nobody looks into it: what it proves, the rules of the test say. */
const leaf = new X509Certificate(expiredCertificate.cert)
const everything: Grant = { fields: undefined }

/** An entry of the callers file that may call GetUser from anywhere, but for what is said otherwise. */
export function toEntry(wish: Partial<CallerEntry> = {}): CallerEntry {
  const grants = new Map([[getUser, everything]])
  return { id: chat, grants, limit: undefined, isAddressAllowed: () => true, keys: [], ...wish }
}

/** Rules under which every verified certificate proves `chat` for a minute, and no assertion is taken, but for what is said otherwise. */
export function toRules(entries: readonly CallerEntry[], wish: Partial<CallerRules> = {}): CallerRules {
  return {
    policy: new Map(entries.map((entry) => [entry.id, entry])),
    judgeCertificate: () => ({ id: chat, notAfter: new Date(startMs + 60_000) }),
    judgeAssertion: undefined,
    ...wish,
  }
}

/** What a peer shows at the beginning of its connection. */
export interface PeerWish {
  readonly ip?: string
  /** Default: one that TLS has accepted. */
  readonly certificate?: 'verified' | 'refused' | 'none' | 'plaintext'
}

/** A connection, as far as a gate sees it. */
export interface TestConnection {
  readonly session: { closed: boolean }
  /** How often it was asked to close. */
  readonly closings: () => number
  call(bearer?: string): ArrivedCall
}

/** Makes a connection of its own. */
export function connect({ ip = '10.0.0.1', certificate = 'verified' }: PeerWish = {}): TestConnection {
  let closings = 0
  const session = {
    encrypted: certificate !== 'plaintext',
    closed: false,
    socket: {
      remoteAddress: ip,
      authorized: certificate === 'verified',
      getPeerX509Certificate: () => (certificate === 'none' ? undefined : leaf),
    },
    close() {
      closings += 1
      session.closed = true
    },
  }
  return {
    session,
    closings: () => closings,
    call: (bearer) => toCall(session as unknown as ServerHttp2Session, bearer),
  }
}

/** A call of a connection, as grpc-js hands it over. */
export function toCall(session: ServerHttp2Session | undefined, bearer?: string): ArrivedCall {
  const metadata = new Metadata()
  if (bearer !== undefined) metadata.set('authorization', `Bearer ${bearer}`)
  return Object.assign({ metadata, cancelled: false }, { call: { stream: { session } } })
}

/** A gate, and the one who moves its time. */
export interface TestGate {
  readonly gate: CallerGate
  wait(ms: number): void
}

/** Makes it; both of its clocks stand at {@link startMs}. */
export function makeTestGate(rules: CallerRules): TestGate {
  let nowMs = startMs
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs, sleep: async () => undefined }
  return {
    gate: makeCallerGate({ clock, rules, makeBucket: makeTokenBucket }),
    wait: (ms) => {
      nowMs += ms
    },
  }
}

import type { CallerPolicy } from '../domain/caller-policy.ts'
import type { Clock } from '../domain/clock.ts'
import { type CallerRules, openRules } from '../rpc/callers/caller-rules.ts'
import type { PeerCertificate } from '../rpc/callers/read-peer.ts'
import { isIssuedBy } from '../security/callers/is-issued-by.ts'
import { judgeCertificate } from '../security/callers/judge-certificate.ts'
import { type AssertionRules, makeAssertionJudge } from '../security/callers/make-assertion-judge.ts'
import type { TlsIdentity } from '../security/callers/read-tls-files.ts'

/** What callers are judged by. */
export interface RuleParts {
  readonly tls: TlsIdentity | undefined
  readonly policy: CallerPolicy | undefined
  readonly trustDomain: string | undefined
  readonly clock: Clock
  /** When an authority was last taken away, in ms of the monotonic clock. */
  readonly anchorLostMs: number | undefined
  /** Undefined where none are taken. */
  readonly assertions: Pick<AssertionRules, 'audience' | 'used'> | undefined
}

/** Makes the gate's rules of what the files say now. */
export function makeCallerRules(parts: RuleParts): CallerRules {
  const { tls, policy, trustDomain, clock, anchorLostMs, assertions } = parts
  if (policy === undefined) return openRules
  const judge = ({ leaf, judgedMs }: PeerCertificate) => {
    if (tls === undefined || trustDomain === undefined) return { fault: 'no certificates are judged here' }
    // Node does not tell over which authorities a chain went: where one may be gone, one that is there must have signed the certificate itself.
    const mayBeLost = anchorLostMs !== undefined && judgedMs <= anchorLostMs
    if (mayBeLost && !isIssuedBy(leaf, tls.anchors, clock.now())) {
      return { fault: 'the authority of the certificate may have been taken away: connect again' }
    }
    return judgeCertificate(leaf.raw, trustDomain)
  }
  const judgeAssertion = assertions && makeAssertionJudge({ ...assertions, policy, clock })
  return { policy, judgeCertificate: judge, judgeAssertion }
}

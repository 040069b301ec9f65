import type { SessionId, UserId } from '../../domain/ids.ts'

/** Who issues in tests, for whom and for how long. */
export const options = { issuer: 'https://auth.example', audience: 'immersiverse', ttlMs: 600_000 }

/** What a token of tests says. */
export const facts = {
  account: {
    id: '01a20521-2c80-7c3b-b707-25aa3ddcbf13' as UserId,
    username: 'mina',
    roles: ['viewer'],
    subscriptionTier: 'PREMIUM',
    tokenVersion: 3,
  },
  sessionId: '01a20521-2ce1-7998-b0e1-2bc556c92897' as SessionId,
  clientId: 'web',
  tokenId: '01a20521-2ce1-7998-b0e1-2bc556c92898',
  issuedAt: new Date(1_800_000_000_999),
  notAfter: new Date(1_800_900_000_000),
}

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import { UserStatus } from '@immersiverse/auth-contract'
import { callUntilKnown } from './call-until-known.ts'
import { keepPair, makeCredentials, type OwnSession, type Person, type Surroundings } from './person.ts'
import { type RevocationKind, revocationKinds, revoke } from './revoke.ts'

/**
 * Lives one life: signs up, logs in a few times, refreshes, is revoked in several ways until nothing is left. All calls come one after the
 * other, so that it is known of every token whether it may have been revoked.
 */
export async function live(around: Surroundings): Promise<void> {
  const { random, signal, history } = around
  const person = await signUp(around)
  if (person === undefined) return
  for (let n = random.whole(1, 3); n > 0; n -= 1) await logIn(around, person)
  while (person.sessions.length > 0 && !signal.aborted) {
    await sleep(random.whole(50, 1_500))
    if (random.next() < 0.4) await refreshOne(around, person)
    const kind: RevocationKind = random.pick(revocationKinds)
    const isOpen = await revoke(around, person, kind)
    if (!isOpen) return
    if (kind === 'suspend') await activate(around, person)
    else if (kind === 'roles') for (const _ of person.sessions) await refreshOne(around, person)
    else if (kind === 'password' && random.next() < 0.5) await logIn(around, person)
  }
  history.tally('lives')
}

async function signUp({ replicas, random, signal }: Surroundings): Promise<Person | undefined> {
  const { username, password } = makeCredentials()
  const request = { username, password, email: `${username}@example.org`, requestId: randomUUID() }
  const { answer, refusal } = await callUntilKnown(replicas, random, signal, ({ users }) =>
    users.createUser(request),
  )
  if (refusal !== undefined) throw refusal
  const id = answer?.user?.id
  return id === undefined ? undefined : { id, username, password, sessions: [] }
}

async function logIn(around: Surroundings, person: Person): Promise<void> {
  const { replicas, random, signal, history } = around
  let sentAtMs = 0
  const { answer, refusal } = await callUntilKnown(replicas, random, signal, ({ auth }) => {
    sentAtMs = history.nowMs()
    return auth.login({
      identifier: person.username,
      password: person.password,
      client: { clientId: 'chaos' },
    })
  })
  const pair = answer?.tokens
  if (pair !== undefined) {
    const session: OwnSession = { sessionId: pair.sessionId, refreshToken: pair.refreshToken, tokens: [] }
    keepPair(around, session, pair, sentAtMs)
    person.sessions.push(session)
    history.tally('logins')
  } else if (refusal !== undefined && refusal.code !== 'RESOURCE_EXHAUSTED') {
    history.violate({
      property: 'R7',
      told: `a login with the right password was refused: ${refusal.message}`,
    })
  }
}

/** Once only: whether an attempt without an answer took place is not known, and a second one later might look like a theft. */
async function refreshOne(around: Surroundings, person: Person): Promise<void> {
  const { replicas, random, history } = around
  if (person.sessions.length === 0) return
  const session = random.pick(person.sessions)
  if (session.refreshToken === '') return
  const sentAtMs = history.nowMs()
  try {
    const { tokens } = await random.pick(replicas).users.auth.refreshToken({
      refreshToken: session.refreshToken,
      client: { clientId: 'chaos' },
    })
    if (tokens === undefined) throw new TypeError('RefreshToken answered without tokens')
    session.refreshToken = tokens.refreshToken
    keepPair(around, session, tokens, sentAtMs)
    history.tally('refreshes')
  } catch (error) {
    session.refreshToken = ''
    if (error instanceof RpcError && error.code === 'UNAUTHENTICATED') {
      history.violate({
        property: 'R7',
        told: `a refresh token that was never used was refused: ${error.message}`,
      })
    }
  }
}

/** Tokens of the second in which the suspension ended are told apart from those before it (R9). */
async function activate(around: Surroundings, person: Person): Promise<void> {
  const { replicas, random, signal } = around
  const { answer } = await callUntilKnown(replicas, random, signal, ({ users }) =>
    users.updateUser({ userId: person.id, status: UserStatus.ACTIVE }),
  )
  if (answer !== undefined) await logIn(around, person)
}

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { UserService } from '@immersiverse/auth-contract'
import { callJson } from './call-json.ts'
import { makePerson } from './make-person.ts'
import type { FlowParts, Person, Tokens } from './run-flows.ts'

interface Stats {
  readonly total: { readonly signUps: number; readonly logins: number; readonly failedLogins: number }
}

const guesses = 10

/** Flow 4.3: someone guesses passwords; the security monitor sees it, and an analyst finds it in the numbers. */
export async function runWatchFlow(parts: FlowParts, victim: Person): Promise<void> {
  const { platform, teller } = parts
  await teller.step(`${guesses} wrong passwords are refused, each with 401`, async () => {
    for (let n = 0; n < guesses; n += 1) {
      const { status } = await logIn(platform.authEdgeUrl, victim.username, `guess ${n}`)
      assert.equal(status, 401)
    }
  })
  await teller.step('the next one is refused unseen, the right one too, with 429', async () => {
    const { status } = await logIn(platform.authEdgeUrl, victim.username, victim.password)
    assert.equal(status, 429)
  })
  await teller.step('the security monitor raises an alert for the address', async () => {
    const [line] = await platform.securityMonitor.awaitLine(/^\{"alert":"failed_logins_of_address".*/, 30_000)
    const { failures } = JSON.parse(line) as { failures: number }
    assert.equal(failures, guesses)
  })
  await teller.step('and one for the account, without its name', async () => {
    const [line] = await platform.securityMonitor.awaitLine(/^\{"alert":"failed_logins_of_account".*/, 30_000)
    assert.ok(!line.includes(victim.username))
  })
  const analyst = makePerson('theo', 'Theo')
  await teller.step(`${analyst.username} signs up and is given the role viewer`, () =>
    addViewer(parts, analyst),
  )
  await teller.step('GET /stats of the analytics service tells them all of it, each once', async () => {
    const { body } = await logIn(platform.authEdgeUrl, analyst.username, analyst.password)
    await awaitStats(platform.analyticsUrl, body.tokens.accessToken)
  })
}

function logIn(url: string, identifier: string, password: string) {
  return callJson<{ tokens: Tokens }>(`${url}/v1/auth/login`, { body: { identifier, password } })
}

async function addViewer(
  { platform }: FlowParts,
  { username, email, password, nickname }: Person,
): Promise<void> {
  const channel = openChannel({ address: platform.authGrpcAddress })
  try {
    const users = makeGrpcClient(UserService, channel)
    const { user } = await users.createUser({ username, email, password, displayName: nickname })
    await users.updateUser({ userId: user?.id ?? '', roles: { roles: ['viewer'] } })
  } finally {
    channel.close()
  }
}

/** Events take their time: asks until the numbers are there, or half a minute has passed. */
async function awaitStats(url: string, token: string): Promise<void> {
  const end = performance.now() + 30_000
  for (;;) {
    const answer = await fetch(`${url}/stats`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200)
    const { total } = (await answer.json()) as Stats
    if (total.signUps >= 2 && total.logins >= 2 && total.failedLogins >= guesses) return
    if (performance.now() > end) assert.fail(`the numbers are ${JSON.stringify(total)}`)
    await sleep(20)
  }
}

import type { Auth } from '@immersiverse/auth-client'
import { makePerson } from './make-person.ts'
import type { Teller } from './make-teller.ts'
import type { Platform } from './open-platform.ts'
import { runChatFlow } from './run-chat-flow.ts'
import { runLogoutFlow } from './run-logout-flow.ts'
import { runSignUpFlow } from './run-sign-up-flow.ts'
import { runUpgradeFlow } from './run-upgrade-flow.ts'
import { runWatchFlow } from './run-watch-flow.ts'
import type { UserEvents } from './watch-user-events.ts'

/** What a flow works with. */
export interface FlowParts {
  readonly platform: Platform
  /** The demo as a service of the platform: reads accounts. */
  readonly auth: Auth
  readonly events: UserEvents
  readonly teller: Teller
}

/** The person of the story. */
export interface Person {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly nickname: string
}

/** Tokens as the edge answers them. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** Walks the guide's flows with one new person; rejects with StepError at the first step that does not hold. */
export async function runFlows(parts: FlowParts): Promise<void> {
  const { heading } = parts.teller
  const person = makePerson('mina', 'Mina')
  heading('5.2 Someone signs up, and the subscription service hears of it')
  const userId = await runSignUpFlow(parts, person)
  heading('5.1 They log in and use the chat service')
  const first = await runChatFlow(parts, person)
  heading('5.3 They upgrade, and their account says so')
  const second = await runUpgradeFlow(parts, userId, first)
  heading('They log out, and the chat service knows at once')
  await runLogoutFlow(parts, first, second)
  heading('4.3 Someone guesses passwords: the security monitor and the analytics service see it')
  await runWatchFlow(parts, person)
}

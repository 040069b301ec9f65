import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import { type Auth, AuthError, type ConnectAuthOptions, connectAuth } from '@immersiverse/auth-client'
import { RevocationMarkSchema } from '@immersiverse/auth-contract'
import type { Decision, FromVerifier, Outcome, ToVerifier } from './verifier-messages.ts'
import type { VerifierArguments } from './verifier-variants.ts'
import { verifierVariants } from './verifier-variants.ts'

/*
 * A service that verifies in process, as other teams' services do. It is asked over IPC and answers from its first moment on, also before
 * it has read a single revocation.
 */
const { variant, ...options } = JSON.parse(process.argv[2] ?? '{}') as VerifierArguments
const answers: (readonly [number, number, Outcome, Decision])[] = []
const tokens = new Map<number, string>()
const log = (level: string) => (facts: object, message: string) =>
  console.log(
    JSON.stringify({ level, message, ...facts, err: String((facts as { err?: unknown }).err ?? '') }),
  )
const logger: NonNullable<ConnectAuthOptions['logger']> = { warn: log('warn'), error: log('error') }

const auth = await connectAuth({
  ...options,
  ...verifierVariants[variant].connect,
  verification: 'local',
  readyTimeoutMs: 50,
  logger,
})
process.on('message', (message: ToVerifier) => take(auth, message))
process.on('disconnect', () => process.exit())
console.log('verifies')

function take(auth: Auth, message: ToVerifier): void {
  if ('tokens' in message) for (const [id, token] of message.tokens) tokens.set(id, token)
  else if ('forget' in message) for (const id of message.forget) tokens.delete(id)
  else if ('statusOf' in message) {
    const status = auth.status()
    const { state, reason } =
      status.verification === 'local' ? status.revocations : { state: 'REMOTE', reason: undefined }
    say({ statusOf: message.statusOf, state, reason })
  } else {
    const atLeast = 'mark' in message ? fromJson(RevocationMarkSchema, message.mark as JsonValue) : undefined
    for (const id of message.ids) verify(auth, message.batch, id, atLeast && { atLeast })
  }
}

function verify(auth: Auth, batch: number, id: number, options: object = {}): void {
  const before = countLocal(auth)
  const answer = auth.verify(tokens.get(id) ?? '', { ...verifierVariants[variant].verify, ...options })
  // What the view can tell is told before `verify` returns.
  const decision = countLocal(auth) > before ? 'view' : 'asked'
  answer.then(
    () => keep([batch, id, 'ACCEPTED', decision]),
    (error) => keep([batch, id, toOutcome(error), decision]),
  )
}

function countLocal(auth: Auth): number {
  const status = auth.status()
  return status.verification === 'local' ? status.counts.local : 0
}

function toOutcome(error: unknown): Outcome {
  if (!(error instanceof AuthError)) return `BROKEN:${error}`
  return `${error.code === 'UNAVAILABLE' ? 'UNAVAILABLE' : 'REFUSED'}:${error.reason}`
}

function keep(answer: readonly [number, number, Outcome, Decision]): void {
  answers.push(answer)
  if (answers.length === 1) setImmediate(() => say({ answers: answers.splice(0) }))
}

function say(message: FromVerifier): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FakeClock } from './open-fake-clock.ts'
import { openProcess } from './open-process.ts'
import type { FromVerifier } from './verifier-messages.ts'
import type { VerifierArguments } from './verifier-variants.ts'
import type { Verifier, VerifierAnswer, VerifierName } from './world.ts'

/** What a verifying process is started with. */
export interface VerifierOptions {
  readonly name: VerifierName
  readonly folder: string
  readonly clock: FakeClock | undefined
  readonly told: string
  readonly maxStalenessMs: number
  readonly args: Omit<VerifierArguments, 'maxStalenessMs' | 'verification'>
}

const file = fileURLToPath(new URL('./verifier-main.ts', import.meta.url))

/** Starts a verifying process. */
export async function openVerifier(options: VerifierOptions): Promise<Verifier & AsyncDisposable> {
  const { name, folder, clock, told, maxStalenessMs, args } = options
  let take: (answers: readonly VerifierAnswer[]) => void = () => undefined
  const waiting = new Map<number, (state: string) => void>()
  let questions = 0
  const onMessage = (message: FromVerifier) => {
    if ('answers' in message) {
      take(message.answers.map(([batch, id, outcome, decision]) => ({ batch, id, outcome, decision })))
    } else waiting.get(message.statusOf)?.(message.state)
  }
  const process = await openProcess({
    name: `verifier-${name}`,
    file,
    args: [JSON.stringify({ ...args, maxStalenessMs, verification: 'local' } satisfies VerifierArguments)],
    environment: { ...clock?.environment },
    logFile: join(folder, `verifier-${name}.log`),
    readyLine: /^verifies$/m,
    onMessage: (message) => onMessage(message as FromVerifier),
  })
  const findState = (timeoutMs: number) => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const statusOf = questions++
    const timer = setTimeout(() => resolve(undefined), timeoutMs)
    waiting.set(statusOf, resolve)
    if (!process.send({ statusOf })) resolve(undefined)
    return promise.finally(() => {
      clearTimeout(timer)
      waiting.delete(statusOf)
    })
  }
  return {
    name,
    told,
    maxStalenessMs,
    process,
    clock,
    findState,
    onAnswers: (listener) => {
      take = listener
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

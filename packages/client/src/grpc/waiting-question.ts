import type { ValidateTokenResponse } from '@immersiverse/auth-contract'
import type { AuthError } from '../auth-error.ts'
import type { TokenQuestion } from './encode-validate-tokens-request.ts'

/** A question until its answer; the first of `answer` and `fail` counts. */
export class WaitingQuestion {
  readonly question: TokenQuestion
  /** On `performance.now()`'s clock. */
  readonly expiresAt: number
  /** Whether it was on a stream that broke. */
  isRetry = false
  isSettled = false
  readonly #resolve: (response: ValidateTokenResponse) => void
  readonly #reject: (error: AuthError) => void
  readonly #onSettled: () => void

  constructor(
    question: TokenQuestion,
    expiresAt: number,
    resolve: (response: ValidateTokenResponse) => void,
    reject: (error: AuthError) => void,
    onSettled: () => void,
  ) {
    this.question = question
    this.expiresAt = expiresAt
    this.#resolve = resolve
    this.#reject = reject
    this.#onSettled = onSettled
  }

  answer(response: ValidateTokenResponse): void {
    if (this.#settle()) this.#resolve(response)
  }

  fail(error: AuthError): void {
    if (this.#settle()) this.#reject(error)
  }

  #settle(): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    this.#onSettled()
    return true
  }
}

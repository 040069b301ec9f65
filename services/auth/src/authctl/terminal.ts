/** Where a command speaks to. */
export interface Terminal {
  /** Writes lines to standard output. */
  print(text: string): void
  /** Writes lines to standard error. */
  complain(text: string): void
  /** Asks a person and resolves with the answer; undefined where nobody is there to ask. */
  ask(question: string): Promise<string | undefined>
}

/** Another process has taken over since: its term is higher than ours. */
export class TermLostError extends Error {
  override readonly name = 'TermLostError'
}

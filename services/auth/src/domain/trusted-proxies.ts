/** Knows who stands behind proxies. */
export interface TrustedProxies {
  /**
   * The address that a call came from: the peer's, or of what `x-forwarded-for` says the first from the right that no trusted proxy has. What
   * stands left of it anybody may have written. `isPeerTrusted` says that the peer is trusted whatever its address.
   */
  findClient(peer: string, forwardedFor: string | undefined, isPeerTrusted?: boolean): string
  /** Whether a peer is believed to speak for others. */
  isProxy(peer: string): boolean
}

/** Trusts nobody: a call comes from its peer. An IPv4 peer of a dual-stack listener is the same peer. */
export const noProxies: TrustedProxies = Object.freeze({
  findClient: (peer: string) => peer.replace(/^::ffff:(?=\d+\.)/i, ''),
  isProxy: () => false,
})

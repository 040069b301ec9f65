import type { Client } from './client.ts'
import type { Server } from './server.ts'

/** Towards the server, or back. */
export type Direction = 'up' | 'down'

/** A process of the service, as the network sees it. */
export class Process {
  readonly name: string
  readonly server: Server
  readonly clients = new Set<Client>()
  /** Nothing gets through before. */
  cutUntilMs = 0
  /** No answer is taken before. */
  pausedUntilMs = 0
  /** Killed: nothing it waits for is answered. */
  isDead = false
  queryCount = 0

  constructor(server: Server, name: string) {
    this.server = server
    this.name = name
  }

  blockedUntilMs(direction: Direction): number {
    return direction === 'up' ? this.cutUntilMs : Math.max(this.cutUntilMs, this.pausedUntilMs)
  }

  /** Breaks all connections; what waits fails, or, of a dead process, is left waiting. */
  breakClients(): void {
    for (const client of [...this.clients]) client.breakOff(this.isDead)
  }
}

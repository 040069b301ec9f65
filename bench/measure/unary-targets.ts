import { type LoadConnection, openConnection } from '../load/open-connection.ts'
import { type Load, runLoad, type Sample } from '../load/run-load.ts'
import type { ServerProcess } from '../start-server.ts'

/** A unary method under load. */
export interface Target extends Disposable {
  run(load: Pick<Load, 'seconds' | 'warmUpSeconds'> & { readonly inFlight?: number }): Promise<Sample>
}

/** What is asked of it. */
export interface TargetOptions {
  readonly server: ServerProcess
  /** Such as `/auth.v1.AuthService/ValidateToken`. */
  readonly path: string
  readonly inFlight: number
  /** The message of a slot's next call, gRPC prefix included. */
  message(slot: number): Buffer
  /** Throws when the answer to that message is not the right one. */
  check(slot: number, answer: Buffer): void
}

const connectionCount = 4

/** Opens the connections to a unary method. */
export async function openTarget(options: TargetOptions): Promise<Target> {
  const { server, path } = options
  const connections = await Promise.all(
    Array.from({ length: connectionCount }, () => openConnection(server.port, path)),
  )
  return {
    async run({ seconds, warmUpSeconds, inFlight = options.inFlight }) {
      const call = makeCall(options, connections)
      const sample = await runLoad({ call, inFlight, seconds, warmUpSeconds, serverPid: server.pid })
      server.assertRunning()
      return sample
    },
    [Symbol.dispose]: () => {
      for (const connection of connections) connection.close()
    },
  }
}

function makeCall(options: TargetOptions, connections: readonly LoadConnection[]): Load['call'] {
  return (slot, done) => {
    const connection = connections[slot % connections.length] as LoadConnection
    connection.call(options.message(slot), (answer) => {
      if (answer instanceof Error) return done(answer)
      try {
        options.check(slot, answer)
      } catch (error) {
        return done(error as Error)
      }
      done()
    })
  }
}

/** Measures targets in turns, a third of the time each turn, so that a noisy moment of the machine meets all of them. */
export async function runInTurns(targets: readonly Target[], seconds: number): Promise<Sample[][]> {
  const samples = targets.map((): Sample[] => [])
  for (const turn of [0, 1, 2]) {
    for (const [place, target] of targets.entries()) {
      const warmUpSeconds = turn === 0 ? 2 : 0.3
      samples[place]?.push(await target.run({ seconds: seconds / 3, warmUpSeconds }))
    }
  }
  return samples
}

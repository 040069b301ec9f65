import { freePort } from '../../tools/parts/free-port.ts'
import { type ServerProcess, startServer } from '../start-server.ts'
import type { World } from '../world.ts'
import { openTarget, type Target } from './unary-targets.ts'

/** The name of this limit in the report. */
export const echoName = 'raw grpc-js echo'

/** Starts the server that does nothing but answer, on the core of the server under test. */
export async function startEcho(world: World, answerBytes: number): Promise<ServerProcess> {
  const port = await freePort()
  const args = [String(port), String(answerBytes)]
  return await startServer({ script: 'bench/limits/echo-server.ts', args, port, prefix: world.serverPrefix })
}

/** The echo under the same load: messages of the same size. */
export async function openEchoTarget(
  server: ServerProcess,
  load: { readonly inFlight: number; readonly message: Buffer; readonly answerBytes: number },
): Promise<Target> {
  return await openTarget({
    server,
    path: '/bench.Echo/Echo',
    inFlight: load.inFlight,
    message: () => load.message,
    check: (_slot, answer) => {
      if (answer.length !== load.answerBytes) throw new Error(`the echo answered ${answer.length} bytes`)
    },
  })
}

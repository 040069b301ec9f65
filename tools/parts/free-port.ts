import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems lend to outgoing connections: a part that restarts must find its port still free.
const lowestPort = 15_000
const portBound = 32_000
const attempts = 100

/** A TCP port on 127.0.0.1 that nothing listens on at the moment. Throws when none is found. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowestPort, portBound)
    if (await canListen(port)) return port
  }
  throw new Error(`no free port was found in ${attempts} attempts`)
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true })
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

import { freePort } from '../../parts/free-port.ts'
import { type KafkaPart, openKafka } from '../../parts/open-kafka.ts'
import { openTcpProxy, type TcpProxy } from '../../parts/tcp-proxy.ts'

/** A broker that each of its clients reaches by a way of its own. */
export interface Broker<Client extends string> extends AsyncDisposable {
  readonly part: KafkaPart
  readonly ways: Readonly<Record<Client, TcpProxy>>
}

/**
 * Starts Kafka with a listener for each client, which tells that client to come by its proxy: clients go where the broker's metadata send
 * them, so a proxy in front of a common listener would be left at once.
 */
export async function openBroker<Client extends string>(
  clients: readonly Client[],
  brokerSettings: Readonly<Record<string, string>> = {},
): Promise<Broker<Client>> {
  await using stack = new AsyncDisposableStack()
  const controllerPort = await freePort()
  const listeners: string[] = []
  const advertised: string[] = []
  const ways = {} as Record<Client, TcpProxy>
  for (const client of clients) {
    const port = await freePort()
    const way = stack.use(await openTcpProxy({ port }))
    const name = client.toUpperCase()
    ways[client] = way
    listeners.push(`${name}://127.0.0.1:${port}`)
    advertised.push(`${name}://127.0.0.1:${way.port}`)
  }
  const port = await freePort()
  const part = stack.use(
    await openKafka({
      port,
      settings: {
        ...brokerSettings,
        listeners: [
          `PLAINTEXT://127.0.0.1:${port}`,
          `CONTROLLER://127.0.0.1:${controllerPort}`,
          ...listeners,
        ].join(),
        'advertised.listeners': [`PLAINTEXT://127.0.0.1:${port}`, ...advertised].join(),
        'listener.security.protocol.map': ['PLAINTEXT', 'CONTROLLER', ...clients]
          .map((name) => `${name.toUpperCase()}:PLAINTEXT`)
          .join(),
        'inter.broker.listener.name': 'PLAINTEXT',
        'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
      },
    }),
  )
  const opened = stack.move()
  return { part, ways, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

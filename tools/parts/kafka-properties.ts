/** Where a single Kafka node listens, and how its clients speak with it. */
export interface KafkaPorts {
  readonly port: number
  readonly protocol: 'PLAINTEXT' | 'SASL_SSL'
  readonly controllerPort: number
}

/** The `server.properties` of a single Kafka node, broker and controller in one, that serves on 127.0.0.1. */
export function kafkaProperties(
  { controllerPort, port, protocol }: KafkaPorts,
  logFolder: string,
  settings: Readonly<Record<string, string>> = {},
): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `${protocol}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `${protocol}://127.0.0.1:${port}`,
    'inter.broker.listener.name': protocol,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,${protocol}:${protocol}`,
    'log.dirs': logFolder,
    // A broker that comes back after a SIGKILL has to wait until its former self has timed out.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    ...settings,
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

import { toDeadLetterTopic, toTopic } from '@immersiverse/auth-contract'
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'

/** Topics that nobody would have made so: one is gone, and others have another retention, another policy, more partitions. */
export async function plantTopicFaults(brokers: string[], prefix: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
  const configure = (topic: string, name: string, value: string) => {
    const configs = [{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }
    return admin.incrementalAlterConfigs({ resources: [resource] })
  }
  try {
    await admin.deleteTopics({ topics: [toTopic('user_deleted', prefix)] })
    await configure(toTopic('login_failed', prefix), 'retention.ms', '60000')
    await configure(toTopic('logged_out', prefix), 'cleanup.policy', 'compact')
    const dlq = { name: toDeadLetterTopic(prefix), count: 13, assignments: [{ brokerIds: [1] }] }
    await admin.createPartitions({ topics: [dlq] })
  } finally {
    await admin.close()
  }
}

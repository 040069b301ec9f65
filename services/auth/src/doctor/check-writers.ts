import { listTopicPolicies, toDeadLetterTopic } from '@immersiverse/auth-contract'
import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import type { Finding } from './finding.ts'
import { hasApiId } from './has-api-id.ts'
import type { KafkaContext } from './kafka-context.ts'
import { toCause } from './to-cause.ts'

const check = 'writers'
const writing: readonly number[] = [AclOperations.WRITE, AclOperations.ALL]

/** Looks who may write the topics besides the dead letters: a forged heartbeat would defeat revocation. One writer is expected. */
export async function checkWriters(kafka: KafkaContext): Promise<Finding[]> {
  const { admin, topicPrefix } = kafka
  const own = listTopicPolicies(topicPrefix).filter(({ topic }) => topic !== toDeadLetterTopic(topicPrefix))
  try {
    const resources = await admin.describeAcls({
      filter: {
        resourceType: ResourceTypes.TOPIC,
        resourceName: null,
        resourcePatternType: ResourcePatternTypes.ANY,
        principal: null,
        host: null,
        operation: AclOperations.ANY,
        permissionType: AclPermissionTypes.ALLOW,
      },
    })
    const principals = new Set<string>()
    for (const { resourceName, resourcePatternType, acls } of resources) {
      const isPrefix = resourcePatternType === ResourcePatternTypes.PREFIXED
      const covers = ({ topic }: { readonly topic: string }) =>
        resourceName === '*' || topic === resourceName || (isPrefix && topic.startsWith(resourceName))
      if (!own.some(covers)) continue
      for (const { principal, operation } of acls) if (writing.includes(operation)) principals.add(principal)
    }
    return [judgeWriters([...principals].sort())]
  } catch (error) {
    return [toUnknown(error, kafka)]
  }
}

function judgeWriters(principals: readonly string[]): Finding {
  const what = `allowed to write: ${principals.join(', ') || 'super users only'}`
  if (principals.length <= 1 && !principals.includes('User:*')) return { check, severity: 'ok', what }
  const remedy =
    'leave Write on these topics to the principal of the auth service alone (kafka-acls.sh --remove)'
  return { check, severity: 'error', what, remedy }
}

/** SECURITY_DISABLED says that the brokers have no authorizer. */
function toUnknown(error: unknown, { brokers }: KafkaContext): Finding {
  if (!hasApiId(error, 'SECURITY_DISABLED')) {
    const remedy =
      'allow Describe on the cluster, or look by kafka-acls.sh --list: only auth may write its topics'
    return { check, severity: 'note', what: `cannot be read: ${toCause(error)}`, remedy }
  }
  const what = 'the brokers have no ACLs: whoever reaches them can forge events and heartbeats'
  // A laptop's or a test's.
  if (brokers.every((broker) => /^(localhost|127\.|\[::1\])/.test(broker)))
    return { check, severity: 'note', what }
  const remedy = 'set authorizer.class.name on the brokers, and let the auth service alone write its topics'
  return { check, severity: 'warning', what, remedy }
}

import {
  eventCatalogue,
  eventNames,
  listTopicPolicies,
  revocationRecords,
  type TopicPolicy,
  toDataSchema,
  toDeadLetterTopic,
  toEventType,
  toRevocationTopic,
  toTopic,
  toUserStateTopic,
  userStateHeartbeatKey,
  userStateRecords,
} from '@immersiverse/auth-contract'
import type { HeadersName } from './headers.ts'

/** A message on a channel. */
export interface ChannelMessage {
  /** The proto message in the value, such as `auth.v1.UserCreated`; undefined where the value is that of another record. */
  readonly typeName: string | undefined
  /** Its name in the document, where there is no proto message. */
  readonly name?: string
  /** What stands in `ce_type`, and in `ce_dataschema`. */
  readonly type?: string
  readonly dataSchema?: string
  readonly headers: HeadersName
  /** What the record's key is. */
  readonly key: string
}

/** A topic and what stands on it. */
export interface Channel extends TopicPolicy {
  /** Its name in the document. */
  readonly id: string
  readonly description: string
  /** Whether the service writes it. */
  readonly sends: boolean
  readonly messages: readonly ChannelMessage[]
}

/** Every topic of the service. A topic that is added to the contract without a channel here is an error, so the document cannot forget one. */
export function listChannels(): Channel[] {
  const described = new Map(
    [...listEventChannels(), revocations, userStates, deadLetters].map((channel) => [channel.topic, channel]),
  )
  return listTopicPolicies().map((policy) => {
    const channel = described.get(policy.topic)
    if (channel === undefined) throw new Error(`the topic ${policy.topic} has no channel in tools/async-api`)
    return { ...policy, ...channel }
  })
}

type Described = Omit<Channel, keyof TopicPolicy> & Pick<Channel, 'topic'>

function listEventChannels(): Described[] {
  return eventNames.map((name) => {
    const { schema, sequenced } = eventCatalogue[name]
    const key = sequenced ? 'The user id.' : 'The `identifierHash` of the message.'
    return {
      id: name,
      topic: toTopic(name),
      description: `Events \`${toEventType(name)}\`; a key is always on the same partition, in the order of its changes.`,
      sends: true,
      messages: [
        {
          typeName: schema.typeName,
          type: toEventType(name),
          dataSchema: toDataSchema(name),
          headers: sequenced ? 'UserEventHeaders' : 'EventHeaders',
          key,
        },
      ],
    }
  })
}

const revocations: Described = {
  id: 'token_blacklist',
  topic: toRevocationTopic(),
  description:
    'Every revocation, in the order of `rseq`, and heartbeats that say up to when they are complete. Read it by offsets from partition 0, never from `latest`, and judge tokens with the client package.',
  sends: true,
  messages: Object.values(revocationRecords).map(({ type, schema }, at) => ({
    typeName: schema.typeName,
    type,
    dataSchema: `urn:immersiverse:${schema.typeName}`,
    headers: at === 0 ? 'RevocationHeaders' : 'HeartbeatHeaders',
    key: at === 0 ? 'What is revoked: the `subject` of the message.' : 'The text `heartbeat`.',
  })),
}

const userStates: Described = {
  id: 'user_states',
  topic: toUserStateTopic(),
  description:
    'Every user as other services may know it, compacted: the last record of a key is the user now, one without a value says that the user was deleted. Read it with `isolation.level=read_committed`.',
  sends: true,
  messages: Object.values(userStateRecords).map(({ type, schema }, at) => ({
    typeName: schema.typeName,
    type,
    dataSchema: `urn:immersiverse:${schema.typeName}`,
    headers: at === 0 ? 'UserStateHeaders' : 'HeartbeatHeaders',
    key: at === 0 ? 'The user id.' : `The text \`${userStateHeartbeatKey}\`, on every partition.`,
  })),
}

const deadLetters: Described = {
  id: 'dlq',
  topic: toDeadLetterTopic(),
  description:
    'Records that a consumer could not handle, as they were, with headers that say where they stood and why. Consumers write it, the service only makes it.',
  sends: false,
  messages: [
    {
      typeName: undefined,
      name: 'DeadLetter',
      headers: 'DeadLetterHeaders',
      key: 'The key of the record that could not be handled.',
    },
  ],
}

import type { DescMessage, FileRegistry } from '@bufbuild/protobuf'
import { type Channel, type ChannelMessage, listChannels } from './channels.ts'
import { headersSchemas } from './headers.ts'
import { toComment } from './to-comment.ts'
import { type JsonSchema, toJsonSchemas } from './to-json-schemas.ts'

const description = `Events of the ImmersiVerse Authentication Service on Kafka: CloudEvents 1.0 in binary mode.

Delivery is at least once. A repetition has the \`ce_id\` of what it repeats and comes after it; readers drop what is not above the last
\`ce_usersequence\` they have handled of a user on a topic in an epoch. Messages only grow: readers overlook fields they do not know.
\`auth\` is the default prefix of topics (\`AUTH_TOPIC_PREFIX\`); \`ce_type\` keeps it whatever the prefix is.`

/** An AsyncAPI 3.0.0 document of every topic, from the descriptors of the protos and the contract's topics. */
export function makeAsyncApi(registry: FileRegistry): JsonSchema {
  const channels = listChannels()
  const messages = channels.flatMap(({ messages }) => messages)
  return {
    asyncapi: '3.0.0',
    info: { title: 'ImmersiVerse Authentication Service: events', version: '1.0.0', description },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(channels.map((channel) => [channel.id, toChannel(channel)])),
    operations: Object.fromEntries(
      channels.filter(({ sends }) => sends).map((channel) => [`send_${channel.id}`, toOperation(channel)]),
    ),
    components: {
      messages: Object.fromEntries(
        messages.map((message) => [toName(message), toMessage(message, registry)] as const),
      ),
      schemas: Object.fromEntries([
        ...Object.entries(headersSchemas),
        ...messages.flatMap(({ typeName }) =>
          typeName === undefined ? [] : [...toJsonSchemas(getMessage(registry, typeName))],
        ),
      ]),
    },
  }
}

function toChannel(channel: Channel): JsonSchema {
  return {
    address: channel.topic,
    description: channel.description,
    messages: Object.fromEntries(
      channel.messages.map((message) => [
        toName(message),
        { $ref: `#/components/messages/${toName(message)}` },
      ]),
    ),
    bindings: {
      kafka: {
        partitions: channel.partitions,
        topicConfiguration: { 'cleanup.policy': [channel.cleanup] },
        bindingVersion: '0.5.0',
      },
    },
  }
}

function toOperation({ id, messages }: Channel): JsonSchema {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${id}` },
    messages: messages.map((message) => ({ $ref: `#/channels/${id}/messages/${toName(message)}` })),
  }
}

function toMessage(message: ChannelMessage, registry: FileRegistry): JsonSchema {
  const { typeName, type, dataSchema, headers, key } = message
  const name = toName(message)
  const fixed = {
    ...(type ? { ce_type: { const: type } } : {}),
    ...(dataSchema ? { ce_dataschema: { const: dataSchema } } : {}),
  }
  return {
    name,
    ...(typeName === undefined ? {} : { summary: toComment(getMessage(registry, typeName)) }),
    ...(typeName === undefined ? {} : { contentType: 'application/json' }),
    headers: {
      allOf: [
        { $ref: `#/components/schemas/${headers}` },
        ...(type ? [{ type: 'object', properties: fixed }] : []),
      ],
    },
    ...(typeName === undefined ? {} : { payload: { $ref: `#/components/schemas/${name}` } }),
    bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: '0.5.0' } },
  }
}

function toName({ typeName, name }: ChannelMessage): string {
  const found = name ?? typeName?.slice(typeName.lastIndexOf('.') + 1)
  if (found === undefined) throw new Error('a message has neither a type nor a name')
  return found
}

function getMessage(registry: FileRegistry, typeName: string): DescMessage {
  const message = registry.getMessage(typeName)
  if (message === undefined) throw new Error(`proto/ has no message ${typeName}`)
  return message
}

import { fromBinary, fromJsonString, type MessageShape } from '@bufbuild/protobuf'
import { type EventData, type EventName, eventCatalogue } from '@immersiverse/auth-contract'
import type { TestAuth } from './open-test-auth.ts'

/** The data of the events of one kind with a key, in their order. */
export async function listEvents<N extends EventName>(
  auth: Pick<TestAuth, 'database'>,
  name: N,
  key: string,
): Promise<EventData<N>[]> {
  const rows = await auth.database.kysely
    .selectFrom('outbox')
    .select(['data', 'content_type'])
    .where('event', '=', name)
    .where('key', '=', key)
    .orderBy('position')
    .execute()
  const { schema } = eventCatalogue[name]
  return rows.map(({ data, content_type: type }) => {
    const message: MessageShape<typeof schema> =
      type === 'application/json'
        ? fromJsonString(schema, Buffer.from(data).toString('utf8'))
        : fromBinary(schema, data)
    return message as EventData<N>
  })
}

import { z } from 'zod'
import { brokers, databaseUrl, duration, units } from './formats.ts'

/** Where accounts and events are kept. */
export const dataVariables = {
  DATABASE_URL: databaseUrl.optional(),
  AUTH_DATABASE_DIRECT_URL: databaseUrl.optional(),
  AUTH_DATABASE_POOL: z.coerce.number().int().min(2).max(200).default(10),
  AUTH_DATA_DIR: z.string().default('./data'),
  KAFKA_BROKERS: brokers.optional(),
  AUTH_TOPIC_PREFIX: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
    .default('auth'),
  AUTH_EVENT_ENCODING: z.enum(['json', 'protobuf']).default('json'),
  AUTH_EVENT_RETENTION: duration.default(30 * units.d),
  AUTH_OUTBOX_RETENTION: duration.default(7 * units.d),
}

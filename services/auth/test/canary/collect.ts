import { listTopicPolicies } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import type { Database } from '../../src/store/database.ts'
import { readBytesWithKcat } from '../kafka-reader.ts'
import type { Collected } from './canaries.ts'

/** Every value of every column of every table, as text; bytes in hex. */
export async function collectTables({ kysely }: Pick<Database, 'kysely'>): Promise<Collected[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relkind in ('r', 'm') and relnamespace = current_schema()::regnamespace`.execute(kysely)
  const collected: Collected[] = []
  for (const { name } of tables) {
    const { rows } = await sql<{ row: Record<string, unknown> }>`
      select to_jsonb(t) as row from ${sql.table(name)} t`.execute(kysely)
    for (const { row } of rows) {
      for (const [column, value] of Object.entries(row)) {
        if (value !== null) collected.push({ place: `${name}.${column}`, text: toText(value) })
      }
    }
  }
  return collected
}

/** What is in bytes may be a text: it is looked at as such, too. */
function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.startsWith('\\x') ? `${text} ${Buffer.from(text.slice(2), 'hex').toString('latin1')}` : text
}

/** Every record of every topic: key, headers and value. */
export async function collectTopics(brokers: string, prefix: string): Promise<Collected[]> {
  const collected: Collected[] = []
  for (const { topic } of listTopicPolicies(prefix)) {
    for (const { headers, key, value } of await readBytesWithKcat(brokers, topic)) {
      const text = `${key} ${JSON.stringify(headers)} ${value?.toString('latin1') ?? ''}`
      collected.push({ place: `topic ${topic}`, text })
    }
  }
  return collected
}

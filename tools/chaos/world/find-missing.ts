import { findJava } from '../../parts/find-java.ts'
import { findPostgres } from '../../parts/find-postgres.ts'
import { toPartMissing } from '../../parts/part-missing.ts'
import { provideKafka } from '../../parts/provide-kafka.ts'

/** Why a world with these parts cannot be opened on this machine, or false when it can: what a test's `skip` takes. */
export async function findMissing(parts: { readonly kafka: boolean }): Promise<string | false> {
  try {
    await findPostgres()
  } catch (error) {
    return toPartMissing('PostgreSQL', error).skipReason
  }
  if (!parts.kafka) return false
  return await Promise.all([findJava(), provideKafka()]).then(
    () => false as const,
    (error) => toPartMissing('Kafka', error).skipReason,
  )
}

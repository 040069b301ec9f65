import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Authority, makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { freePort } from '../../../tools/parts/free-port.ts'
import { openKafka } from '../../../tools/parts/open-kafka.ts'
import { toPartMissing } from '../../../tools/parts/part-missing.ts'

/** What a client says to be let in. */
export const kafkaPassword = 'what the service says'

/** A Kafka that talks to nobody without TLS and SCRAM. */
export interface EncryptedKafka {
  readonly port: number
  /** Files of the authority of its certificate, which is for `localhost`, of another one, and of a client's certificate by that one. */
  readonly files: Readonly<Record<'right' | 'wrong' | 'strangerCert' | 'strangerKey', string>>
  /** The authority's certificate. */
  readonly ca: string
  /** The authority itself: a client need not show a certificate, and may show one of it. */
  readonly authority: Authority
}

/** Starts it for a test; undefined, and the test skipped, where it cannot be had. */
export async function openEncryptedKafka(t: TestContext): Promise<EncryptedKafka | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'encrypted-kafka-'))
  t.after(() => rm(folder, { recursive: true }))
  const [authority, stranger] = [makeAuthority('test authority'), makeAuthority('another authority')]
  const port = await freePort()
  const kafka = await openKafka({
    port,
    protocol: 'SASL_SSL',
    settings: toSettings(port, authority),
    scram: ['auth', 'broker'].map((name) => `SCRAM-SHA-512=[name=${name},password=${kafkaPassword}]`),
  }).catch((error) => toPartMissing('Kafka', error))
  if ('skipReason' in kafka) {
    t.skip(kafka.skipReason)
    return undefined
  }
  t.after(() => kafka.close())
  const client = stranger.issue({ name: 'auth', purposes: ['clientAuth'] })
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const files = {
    right: await write('ca.pem', authority.cert),
    wrong: await write('other.pem', stranger.cert),
    strangerCert: await write('stranger.pem', client.cert),
    strangerKey: await write('stranger-key.pem', client.key),
  }
  return { port, files, ca: authority.cert, authority }
}

/** One listener, for clients and for the broker itself; only the controller's, on loopback, is apart. */
function toSettings(port: number, authority: Authority) {
  const { cert, key } = authority.issue({ name: 'kafka', hosts: ['localhost'] })
  const inOneLine = (pem: string) => pem.trim().replaceAll('\n', '\\n')
  return {
    'advertised.listeners': `SASL_SSL://localhost:${port}`,
    'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="broker" password="${kafkaPassword}";`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': inOneLine(cert),
    'ssl.keystore.key': inOneLine(key),
    // A client need not show a certificate; one that it shows is verified.
    'listener.name.sasl_ssl.ssl.client.auth': 'requested',
    // The broker reaches itself as any client does.
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': inOneLine(authority.cert),
  }
}

import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js'
import { service as healthService } from 'grpc-health-check'
import type { Finding } from './finding.ts'

const check = 'grpc'
const timeoutMs = 5000

interface HealthClient {
  check(
    request: { readonly service: string },
    options: { readonly deadline: number },
    done: (error: ServiceError | null, answer?: { readonly status: string | number }) => void,
  ): void
  close(): void
}

/** A certificate and its key, in PEM. */
export interface ShownCertificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * Looks whether a gRPC listener answers and serves, by `grpc.health.v1.Health`. With `shown` over TLS: it is shown, and whatever the listener shows
 * is taken. `nowMs` is the wall clock.
 */
export async function checkListener(
  address: string,
  nowMs: number,
  shown?: ShownCertificate,
): Promise<Finding[]> {
  const Client = makeGenericClientConstructor(healthService, 'Health')
  const client = new Client(address, toCredentials(shown)) as unknown as HealthClient
  try {
    const status = await new Promise<string | number | undefined>((resolve, reject) => {
      client.check({ service: '' }, { deadline: nowMs + timeoutMs }, (error, answer) =>
        error ? reject(error) : resolve(answer?.status),
      )
    })
    if (status === 'SERVING' || status === 1) return [{ check, severity: 'ok', what: `${address} serves` }]
    const remedy = 'it is stopping or has lost its database: see /readyz of its admin listener'
    return [{ check, severity: 'error', what: `${address} answers ${status}`, remedy }]
  } catch (error) {
    const { details, message } = error as ServiceError
    const cause = (details || message).replace(/\s*Resolution note:\s*$/, '').replaceAll('\n', ' ')
    const what = `${address} does not answer: ${cause}`
    const remedy =
      'start the service, or correct AUTH_GRPC_LISTEN: outside a container it listens on loopback alone'
    return [{ check, severity: 'error', what, remedy }]
  } finally {
    client.close()
  }
}

function toCredentials(shown: ShownCertificate | undefined) {
  if (shown === undefined) return credentials.createInsecure()
  return credentials.createSsl(null, shown.key, shown.cert, { rejectUnauthorized: false })
}

import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { readRefusal } from './refusals.ts'

/** How a call ended: its code, and the reason that the service gave, if it was the service. */
export interface Ending {
  readonly code: string
  readonly reason: string | undefined
}

/** Calls a method of any kind with bytes that no message has: who may call it is told MALFORMED_MESSAGE, and nothing happens. */
export function knock(client: Client, path: string, metadata = new Metadata()): Promise<Ending> {
  const pass = (bytes: Buffer) => bytes
  const deadline = Date.now() + 10_000
  const call = client.makeBidiStreamRequest(`/${path}`, pass, pass, metadata, { deadline })
  return new Promise((resolve) => {
    call.on('data', () => undefined)
    call.on('error', (error: ServiceError) => resolve(toEnding(error)))
    call.on('end', () => setImmediate(resolve, { code: 'OK', reason: undefined }))
    call.write(Buffer.of(0xff))
    call.end()
  })
}

/** How an error of grpc-js reads. */
export function toEnding(error: ServiceError): Ending {
  const isOurs = error.metadata?.get('grpc-status-details-bin').length > 0
  return { code: status[error.code] ?? '', reason: isOurs ? readRefusal(error).reason : undefined }
}

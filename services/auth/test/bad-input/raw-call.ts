import type { DescMethod } from '@bufbuild/protobuf'
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js'
import { type Refusal, readRefusal } from '../refusals.ts'

const asIs = (bytes: Buffer) => bytes

/** Sends bytes as a request, whatever they are. Resolves with the first answer's bytes, or with how the call was refused. */
export function callRaw(channel: Client, method: DescMethod, bytes: Uint8Array): Promise<Buffer | Refusal> {
  const path = `/${method.parent.typeName}/${method.name}`
  const request = Buffer.from(bytes)
  return new Promise((resolve, reject) => {
    const settle = (error: ServiceError | null, answer?: Buffer) => {
      try {
        resolve(error === null ? (answer ?? Buffer.alloc(0)) : readRefusal(error))
      } catch (fault) {
        reject(fault)
      }
    }
    if (method.methodKind === 'unary') {
      channel.makeUnaryRequest(path, asIs, asIs, request, new Metadata(), {}, settle)
      return
    }
    const stream =
      method.methodKind === 'server_streaming'
        ? channel.makeServerStreamRequest(path, asIs, asIs, request, new Metadata(), {})
        : channel.makeBidiStreamRequest(path, asIs, asIs, new Metadata(), {})
    stream.on('error', settle)
    stream.once('data', (answer: Buffer) => {
      settle(null, answer)
      stream.cancel()
    })
    if ('write' in stream) stream.end(request)
  })
}

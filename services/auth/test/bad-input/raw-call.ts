import type { DescMethod } from '@bufbuild/protobuf'
import { type Client, type ClientReadableStream, Metadata, type ServiceError } from '@grpc/grpc-js'
import { type Refusal, readRefusal } from '../refusals.ts'

const asIs = (bytes: Buffer) => bytes

/** Sends bytes as a request, whatever they are. Resolves with the first answer's bytes, or with how the call was refused. */
export function callRaw(
  channel: Client,
  method: DescMethod,
  bytes: Uint8Array,
  metadata = new Metadata(),
): Promise<Buffer | Refusal> {
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
      channel.makeUnaryRequest(path, asIs, asIs, request, metadata, {}, settle)
      return
    }
    const answer = (stream: ClientReadableStream<Buffer>) => {
      stream.on('error', settle)
      stream.once('data', (first: Buffer) => {
        settle(null, first)
        stream.cancel()
      })
    }
    if (method.methodKind === 'server_streaming') {
      answer(channel.makeServerStreamRequest(path, asIs, asIs, request, metadata, {}))
    } else {
      const stream = channel.makeBidiStreamRequest(path, asIs, asIs, metadata, {})
      answer(stream)
      stream.end(request)
    }
  })
}

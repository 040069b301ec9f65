import {
  type Client,
  Metadata,
  type MethodDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js'

/** How a call ended: the status' name, and what was answered before. */
export interface CallResult {
  readonly status: string
  readonly answers: readonly unknown[]
}

/** What a call sends. */
export interface CallInput {
  readonly token?: string
  /** One for a unary or server-streaming method, all of the stream for a bidi one. */
  readonly requests?: readonly object[]
  /** Cancels the call after so many answers. */
  readonly take?: number
}

type Definition = MethodDefinition<object, object>

/** Calls a streaming or unary method of the chat service and collects what comes back. */
export async function callChat(
  client: Client,
  { service }: ServiceClientConstructor,
  method: string,
  { token, requests = [{}], take = Number.POSITIVE_INFINITY }: CallInput,
): Promise<CallResult> {
  const definition = service[method] as Definition
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  const call = open(client, definition, metadata, requests)
  const answers: unknown[] = []
  try {
    for await (const answer of call) {
      answers.push(answer)
      if (answers.length >= take) break
    }
    return { status: 'OK', answers }
  } catch (error) {
    return { status: status[(error as ServiceError).code] ?? String(error), answers }
  } finally {
    call.on('error', () => undefined)
    call.cancel()
  }
}

function open(client: Client, definition: Definition, metadata: Metadata, requests: readonly object[]) {
  const { path, requestSerialize, responseDeserialize, requestStream } = definition
  const limit = { deadline: Date.now() + 20_000 }
  if (!requestStream) {
    // On the wire a unary call is a stream of one answer.
    const [request = {}] = requests
    return client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      limit,
    )
  }
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, limit)
  for (const request of requests) call.write(request)
  call.end()
  return call
}

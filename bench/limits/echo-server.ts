import { Server, ServerCredentials } from '@grpc/grpc-js'

/*
 * The limit of a unary call: a grpc-js server that answers any request with as many bytes as it is told to and does nothing else.
 * Arguments: port, bytes of the answer.
 */

/** The echo's one method. */
const path = '/bench.Echo/Echo'

const [port, size] = process.argv.slice(2)
const answer = Buffer.alloc(Number(size), 0x61)
const pass = (bytes: Buffer) => bytes
const server = new Server()
server.addService(
  {
    Echo: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    },
  },
  { Echo: (_call: unknown, callback: (error: null, bytes: Buffer) => void) => callback(null, answer) },
)
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
})

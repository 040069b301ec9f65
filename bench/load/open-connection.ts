import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { makeFrameReader } from './frame-reader.ts'
import { flags, frameTypes, toFrame } from './frames.ts'
import { makeHeaderBlocks } from './header-block.ts'

/** Told of a call's end: the bytes of its one message, or why there is none. */
export type OnAnswer = (answer: Buffer | Error) => void

/** An HTTP/2 connection that makes unary gRPC calls of one method and does little else. */
export interface LoadConnection {
  /** `message` is a whole gRPC message with its 5-byte prefix. */
  call(message: Buffer, onAnswer: OnAnswer): void
  close(): void
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** Never blocks the server: SETTINGS_INITIAL_WINDOW_SIZE (4) = 2^31 − 1, and the same for the connection. */
const settings = Buffer.of(0, 4, 0x7f, 0xff, 0xff, 0xff)
const firstWindow = Buffer.of(0x7f, 0xff, 0, 0)
const windowStep = 1 << 28

/** Connects. The reader of answers does not decode headers: a call succeeds if a message came. */
export async function openConnection(port: number, path: string): Promise<LoadConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return new Connection(socket, path, `127.0.0.1:${port}`)
}

interface Waiting {
  readonly onAnswer: OnAnswer
  data: Buffer | undefined
}

class Connection implements LoadConnection {
  readonly #socket: Socket
  readonly #blocks: { first: Buffer; next: Buffer }
  readonly #waiting = new Map<number, Waiting>()
  #lastStream = -1
  #received = 0

  constructor(socket: Socket, path: string, authority: string) {
    this.#socket = socket
    this.#blocks = makeHeaderBlocks(path, authority)
    const hello = [
      toFrame(frameTypes.settings, 0, 0, settings),
      toFrame(frameTypes.windowUpdate, 0, 0, firstWindow),
    ]
    socket.write(Buffer.concat([preface, ...hello]))
    const read = makeFrameReader((type, flag, stream, payload) => this.#receive(type, flag, stream, payload))
    socket.on('data', (chunk) => {
      // What the answers of one chunk lead to is sent in one write.
      socket.cork()
      read(chunk)
      socket.uncork()
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  call(message: Buffer, onAnswer: OnAnswer): void {
    const block = this.#lastStream < 0 ? this.#blocks.first : this.#blocks.next
    this.#lastStream += 2
    this.#waiting.set(this.#lastStream, { onAnswer, data: undefined })
    this.#socket.write(toFrame(frameTypes.headers, flags.endHeaders, this.#lastStream, block))
    this.#socket.write(toFrame(frameTypes.data, flags.endStream, this.#lastStream, message))
  }

  close(): void {
    this.#waiting.clear()
    this.#socket.destroy()
  }

  #receive(type: number, flag: number, stream: number, payload: Buffer): void {
    if (type === frameTypes.data) this.#keep(stream, payload)
    else if (type === frameTypes.settings && !(flag & flags.ack)) this.#write(frameTypes.settings, flags.ack)
    else if (type === frameTypes.ping && !(flag & flags.ack)) this.#write(frameTypes.ping, flags.ack, payload)
    else if (type === frameTypes.goAway) this.#fail(new Error('the server sent GOAWAY'))
    else if (type === frameTypes.reset) this.#end(stream)
    if ((type === frameTypes.data || type === frameTypes.headers) && flag & flags.endStream) this.#end(stream)
  }

  #keep(stream: number, payload: Buffer): void {
    const waiting = this.#waiting.get(stream)
    if (waiting) waiting.data = waiting.data ? Buffer.concat([waiting.data, payload]) : Buffer.from(payload)
    this.#received += payload.length
    if (this.#received < windowStep) return
    const step = Buffer.alloc(4)
    step.writeUInt32BE(this.#received)
    this.#received = 0
    this.#write(frameTypes.windowUpdate, 0, step)
  }

  #end(stream: number): void {
    const waiting = this.#waiting.get(stream)
    if (waiting === undefined) return
    this.#waiting.delete(stream)
    waiting.onAnswer(waiting.data?.subarray(5) ?? new Error('a call was refused'))
  }

  #write(type: number, flag: number, payload: Buffer = Buffer.alloc(0)): void {
    this.#socket.write(toFrame(type, flag, 0, payload))
  }

  #fail(error: Error): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { onAnswer } of all) onAnswer(error)
  }
}

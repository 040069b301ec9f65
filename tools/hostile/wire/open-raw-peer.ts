import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { flags, frameTypes, preface, toFrame, toSettings } from './frames.ts'

/** Where to, and as whom. */
export interface RawPeerOptions {
  readonly port: number
  /** An address of this machine, such as 127.0.0.2. */
  readonly from?: string
  /** What it says of itself in its first SETTINGS. */
  readonly settings?: Readonly<Record<number, number>>
  /** Does not even say hello. */
  readonly isSilent?: boolean
}

/** A peer that speaks HTTP/2 frame by frame. */
export interface RawPeer extends AsyncDisposable {
  readonly socket: Socket
  readonly isClosed: boolean
  /** Frames that came, by type. */
  readonly received: ReadonlyMap<number, number>
  /** The error code of GOAWAY, once there is one (RFC 9113 §7). */
  readonly goaway: number | undefined
  /** Writes and waits until the machine has taken it; false once the connection is closed. */
  send(bytes: Buffer): Promise<boolean>
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>
}

/** Connects; a connection that is refused is one that has closed. */
export async function openRawPeer({
  port,
  from = '127.0.0.1',
  settings,
  isSilent,
}: RawPeerOptions): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  socket.on('close', () => resolve())
  socket.on('error', () => undefined)
  // Refused at once, it may be gone before it was there.
  await once(socket, 'connect').catch(() => closed)
  const reader = readFrames(socket)
  const send = (bytes: Buffer) => write(socket, bytes)
  if (!isSilent)
    await send(Buffer.concat([preface, toSettings(settings), toFrame(frameTypes.settings, flags.ack, 0)]))
  return {
    socket,
    get isClosed() {
      return socket.destroyed
    },
    received: reader.received,
    get goaway() {
      return reader.goaway()
    },
    send,
    closed,
    [Symbol.asyncDispose]: async () => {
      socket.destroy()
      await closed
    },
  }
}

async function write(socket: Socket, bytes: Buffer): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false
  const taken = Promise.withResolvers<boolean>()
  socket.write(bytes, (error) => taken.resolve(!error))
  const onClose = () => taken.resolve(false)
  socket.once('close', onClose)
  return await taken.promise.finally(() => socket.off('close', onClose))
}

function readFrames(socket: Socket) {
  const received = new Map<number, number>()
  let goaway: number | undefined
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const length = rest.readUIntBE(0, 3)
      const type = rest[3] ?? 0
      received.set(type, (received.get(type) ?? 0) + 1)
      if (type === frameTypes.goaway) goaway = rest.readUInt32BE(9 + 4)
      rest = rest.subarray(9 + length)
    }
  })
  return { received, goaway: () => goaway }
}

import { once } from 'node:events'
import { after, beforeEach, test } from 'node:test'
import { Client, credentials } from '@grpc/grpc-js'
import { openLiveService } from '../test/open-live-service.ts'

const live = await openLiveService()
const { destroys, watch, talk, upload, opened } = live
after(() => live[Symbol.asyncDispose]())
beforeEach(() => live.reset())

const endings: Record<string, () => Promise<void>> = {
  'the client cancels': async () => {
    const streams = [talk(), watch(), upload().stream]
    await opened(3)
    for (const stream of streams) stream.cancel()
  },
  'the handler ends it': async () => {
    const stream = talk().resume()
    const watching = watch('end')
    watching.resume()
    await opened()
    stream.end()
  },
  'the handler throws': async () => {
    const stream = watch('throw')
    stream.resume()
    await once(stream, 'error')
  },
  'the handler destroys it': async () => {
    const stream = talk().resume()
    await opened()
    destroys[0]?.()
    await opened(0)
    stream.cancel()
  },
  'the connection breaks': async () => {
    const broken = new Client(live.address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    })
    const stream = talk('Talk', 'user1', broken)
    await opened()
    broken.close()
    stream.cancel()
  },
}

for (const [how, run] of Object.entries(endings)) {
  test(`nothing is watched any more after ${how}`, async () => {
    await run()
    await opened(0)
  })
}

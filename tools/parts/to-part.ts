import type { Part } from './part.ts'
import type { PartProcess } from './part-process.ts'
import type { Watch } from './watch-over.ts'

/** A part's face over its process and over the watch that removes its folder. */
export function toPart(server: PartProcess, watch: Watch): Part {
  const close = async () => {
    await server.stop()
    await watch.close()
  }
  return {
    kill: (signal = 'SIGKILL') => server.kill(signal),
    pause: () => server.pause(),
    resume: () => server.resume(),
    stop: () => server.stop(),
    start: () => server.start(),
    async restart() {
      await server.stop()
      await server.start()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

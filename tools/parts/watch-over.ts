import { spawn } from 'node:child_process'
import { once } from 'node:events'

// Reads ids of processes, one a line, until its stdin ends: by `close`, or because this process is gone, however it
// went. Then it ends the last one named (an empty line names none) and removes the folder, again as long as what
// it ended still writes into it.
const script = `
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -CONT "$pid"; kill -QUIT "$pid"; sleep 1; kill -KILL "$pid"
fi 2>/dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf -- "$1" 2>/dev/null
  [ -e "$1" ] || break
  sleep 1
done
`

/** A shell process that outlives this one and tidies up after it. */
export interface Watch {
  /** Names the process to end, in place of the one named before; `undefined` when there is none any more. */
  set(pid: number | undefined): void
  /** Ends the process named last, if any, removes the folder and resolves when both are gone. */
  close(): Promise<void>
}

/** Sees to it that a part's process and its folder are gone once this process is, even after SIGKILL. */
export function watchOver(folder: string): Watch {
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder], {
    // Its own process group, or the terminal's Ctrl-C would end the watch first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  const { stdin } = shell
  // The stream is a pipe, and a pipe is a socket to Node.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return {
    set: (pid) => stdin.write(`${pid ?? ''}\n`),
    async close() {
      const gone = once(shell, 'exit')
      shell.ref()
      stdin.end()
      await gone
    },
  }
}

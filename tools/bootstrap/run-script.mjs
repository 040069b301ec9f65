import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Runs `node --conditions=source script …args`, forwards signals to it and ends as it ends. */
export function runScript(node, args) {
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`
  const child = spawn(node, ['--conditions=source', ...args], {
    env: { ...process.env, PATH },
    stdio: 'inherit',
  })
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches the child by itself; a second one would ask it to stop at once.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.once('error', (error) => {
    console.error(`error: ${node} cannot be run: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

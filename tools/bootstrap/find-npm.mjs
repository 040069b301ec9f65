import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** The path of npm's `npm-cli.js`: the npm that runs us, else the one beside this Node, else the one on the PATH. */
export function findNpm() {
  const running = process.env.npm_execpath
  if (running?.endsWith('npm-cli.js') && existsSync(running)) return running
  const bin = dirname(realpathSync(process.execPath))
  const candidates = [join(bin, '../lib/node_modules/npm/bin/npm-cli.js')]
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const command = join(folder, 'npm')
    if (folder !== '' && existsSync(command)) candidates.push(realpathSync(command))
  }
  const found = candidates.find((path) => path.endsWith('npm-cli.js') && existsSync(path))
  if (found === undefined) throw new Error('npm was not found beside Node.js or on the PATH; install npm')
  return found
}

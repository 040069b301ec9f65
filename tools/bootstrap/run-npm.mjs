import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { findNpm } from './find-npm.mjs'

const unreachable =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/

/** Runs npm on the Node.js at `node` in `folder` and resolves with its stdout. Throws one line that says why not. */
export function runNpm(node, args, folder) {
  return new Promise((resolve, reject) => {
    const PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`
    const child = spawn(node, [findNpm(), ...args, '--no-update-notifier'], {
      cwd: folder,
      env: { ...process.env, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(printed)
      else reject(new Error(`npm ${args[0]} failed: ${explain(errors || printed)}`))
    })
  })
}

function explain(output) {
  const code = unreachable.exec(output)?.[1]
  if (code !== undefined)
    return `the npm registry cannot be reached (${code}); connect to it and run this again`
  const lines = output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !/^(npm warn|code |A complete log)/.test(line))
  return lines.slice(0, 3).join(' ') || 'it printed nothing'
}

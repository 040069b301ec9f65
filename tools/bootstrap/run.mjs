// Plain JavaScript without dependencies: this file and its siblings run on Node.js 20, before anything is installed.
import { fileURLToPath } from 'node:url'
import { installPackages } from './install-packages.mjs'
import { provideNode } from './provide-node.mjs'
import { runScript } from './run-script.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const args = process.argv.slice(2)

try {
  if (args.length === 0) throw new Error('usage: node tools/bootstrap/run.mjs <script> [arguments]')
  const node = await provideNode(root)
  await installPackages(root, node)
  runScript(node, args)
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
}

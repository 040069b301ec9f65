import { createHash, randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { leastNodeMajor, nodePins } from './node-pins.mjs'
import { readTarFile } from './read-tar-file.mjs'
import { runNpm } from './run-npm.mjs'
import { say } from './say.mjs'
import { withLock } from './with-lock.mjs'

/**
 * The path of a Node.js that is new enough: the running one, else the pinned one in `.toolchain/` below `root`,
 * fetched from the npm registry when it is not there yet. Throws one line that says why there is none.
 */
export async function provideNode(root, running = process) {
  if (Number.parseInt(running.versions.node, 10) >= leastNodeMajor) return running.execPath
  const pin = nodePins[`${running.platform}-${running.arch}`]
  if (pin === undefined) {
    const here = `${running.platform}-${running.arch}`
    throw new Error(
      `no Node.js is pinned for ${here}; install Node.js ${leastNodeMajor} or newer and run this again`,
    )
  }
  const toolchain = join(root, '.toolchain')
  const home = join(toolchain, `${pin.name}-${pin.version}`)
  const node = join(home, 'bin/node')
  if (existsSync(node)) return node
  await withLock(join(toolchain, 'node.lock'), async () => {
    if (!existsSync(node)) await fetchNode(pin, toolchain, home)
  })
  return node
}

async function fetchNode(pin, toolchain, home) {
  say(`fetching Node.js ${pin.version} (this one is ${process.versions.node})`)
  const scratch = join(toolchain, `unpacking-${randomUUID()}`)
  mkdirSync(join(scratch, 'bin'), { recursive: true })
  try {
    const args = ['pack', `${pin.name}@${pin.version}`, '--json', '--pack-destination', scratch]
    await runNpm(process.execPath, args, toolchain)
    const tarball = readFileSync(join(scratch, `${pin.name}-${pin.version}.tgz`))
    assertDigest(tarball, pin)
    writeFileSync(join(scratch, 'bin/node'), readTarFile(gunzipSync(tarball), 'package/bin/node'))
    chmodSync(join(scratch, 'bin/node'), 0o755)
    rmSync(join(scratch, `${pin.name}-${pin.version}.tgz`))
    renameSync(scratch, home)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function assertDigest(tarball, pin) {
  const found = createHash('sha512').update(tarball).digest('base64')
  if (found === pin.sha512) return
  throw new Error(`${pin.name}@${pin.version} is not the pinned one: sha512 ${found}, expected ${pin.sha512}`)
}

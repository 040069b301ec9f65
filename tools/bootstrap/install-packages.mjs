import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isInstalled } from './is-installed.mjs'
import { listManifests } from './list-manifests.mjs'
import { runNpm } from './run-npm.mjs'
import { say } from './say.mjs'
import { withLock } from './with-lock.mjs'

/** Makes `node_modules` below `root` what the lockfile says, with the Node.js at `node`; mostly it already is. */
export async function installPackages(root, node) {
  const stampPath = join(root, 'node_modules/.bootstrap-stamp')
  const stamp = makeStamp(root, node)
  const isStamped = () => readIfThere(stampPath) === stamp
  if (isStamped()) return
  const waiting = () => say('waiting for another process that installs the packages')
  await withLock(
    join(root, '.toolchain/install.lock'),
    async () => {
      if (isStamped()) return
      if (!isInstalled(root)) {
        say('installing the packages of package-lock.json')
        await runNpm(node, ['ci', '--include=dev', '--no-progress'], root)
      }
      // npm makes no node_modules where there is nothing to put into it.
      mkdirSync(join(root, 'node_modules'), { recursive: true })
      writeFileSync(stampPath, stamp)
    },
    waiting,
  )
}

function makeStamp(root, node) {
  const hash = createHash('sha256')
  hash.update(readFileSync(join(root, 'package-lock.json')))
  for (const folder of listManifests(root)) {
    hash.update(`\0${folder}\0`)
    hash.update(readFileSync(join(root, folder, 'package.json')))
  }
  const version =
    node === process.execPath ? process.version : spawnSync(node, ['--version']).stdout.toString().trim()
  return `${hash.digest('hex')} ${version} ${process.platform}-${process.arch}\n`
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 100
const longestHoldMs = 15 * 60_000

/**
 * Runs `action` while no other process on this machine holds the lock file `path`, waiting for its turn. The lock
 * of a process that is gone, or older than 15 minutes, does not count. `onWait` is called once when it has to wait.
 */
export async function withLock(path, action, onWait = () => {}) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = `${path}.${randomUUID()}`
  writeFileSync(mine, String(process.pid))
  try {
    for (let waited = false; !tryLink(mine, path); waited = true) {
      if (removeIfAbandoned(path)) continue
      if (!waited) onWait()
      await sleep(pollMs)
    }
    try {
      return await action()
    } finally {
      rmSync(path, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

// A hard link appears whole, with its owner's id in it, or not at all.
function tryLink(mine, path) {
  try {
    linkSync(mine, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function removeIfAbandoned(path) {
  try {
    const owner = readFileSync(path, 'utf8')
    if (isAlive(Number(owner)) && Date.now() - statSync(path).mtimeMs < longestHoldMs) return false
    // Renamed first: of two waiters that see an abandoned lock only one takes it away.
    const taken = `${path}.${randomUUID()}`
    renameSync(path, taken)
    if (readFileSync(taken, 'utf8') !== owner) tryLink(taken, path)
    rmSync(taken)
    return true
  } catch (error) {
    if (error.code === 'ENOENT') return true
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

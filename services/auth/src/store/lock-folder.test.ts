import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { FolderLockedError, lockFolder } from './lock-folder.ts'

describe('lockFolder', () => {
  const root = mkdtempSync(join(tmpdir(), 'lock-folder-'))
  after(() => rmSync(root, { recursive: true }))

  it('gives a folder to one holder at a time', () => {
    const folder = join(root, 'one')
    const unlock = lockFolder(folder)
    assert.throws(() => lockFolder(folder), FolderLockedError)
    unlock()
    lockFolder(folder)()
    assert.equal(existsSync(join(folder, 'lock')), false)
  })

  it('names the holder and what to do', () => {
    const folder = join(root, 'two')
    const unlock = lockFolder(folder)
    assert.throws(() => lockFolder(folder), new RegExp(`process ${process.pid}.*AUTH_DATA_DIR`))
    unlock()
  })

  it('takes over from a process that was killed', async () => {
    const folder = join(root, 'three')
    const module = JSON.stringify(new URL('./lock-folder.ts', import.meta.url).href)
    const script = `const { lockFolder } = await import(${module}); lockFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(holder.stdout, 'data')
    assert.throws(() => lockFolder(folder), FolderLockedError)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    lockFolder(folder)()
  })

  it('is not held by another process that got the id of a dead one', () => {
    const folder = join(root, 'four')
    lockFolder(folder)()
    // This very process id, with another start: the holder of old.
    writeFileSync(join(folder, 'lock'), `${process.pid} 1\n`)
    if (!existsSync('/proc/self/stat')) return
    lockFolder(folder)()
  })
})

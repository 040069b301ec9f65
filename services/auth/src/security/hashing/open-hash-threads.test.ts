import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { type HashRunner, ThreadEndedError } from './hash-job.ts'
import { openHashThreads } from './open-hash-threads.ts'

const onlyLinux = process.platform !== 'linux' && 'only Linux shows the threads of a process'
const cost = { memoryKib: 8, passes: 1 }
const hash = (password: string) => ({ kind: 'hash', password, cost }) as const

function open(t: TestContext, onEnded: (error: ThreadEndedError) => void = () => undefined): HashRunner {
  const threads = openHashThreads({ onEnded })
  t.after(() => threads.close())
  return threads
}

describe('threads for hashing', () => {
  it('hash and verify', async (t) => {
    const threads = open(t)
    const hashed = (await threads.run(hash('correct horse'))) as string
    assert.match(hashed, /^\$argon2id\$v=19\$m=8,t=1,p=1\$/)
    assert.equal(await threads.run({ kind: 'verify', password: 'correct horse', hashed }), true)
    assert.equal(await threads.run({ kind: 'verify', password: 'battery', hashed }), false)
  })

  it('tell what Argon2 has against a hash, and go on', async (t) => {
    const threads = open(t)
    await assert.rejects(
      threads.run({ kind: 'verify', password: 'x', hashed: '$argon2id$nonsense' }),
      /Argon2: /,
    )
    assert.equal(typeof (await threads.run(hash('correct horse'))), 'string')
  })

  it('are as many as jobs at once', { skip: onlyLinux }, async (t) => {
    const threads = open(t)
    const before = countThreads()
    await threads.run(hash('one'))
    await threads.run(hash('after the other'))
    const withOne = countThreads()
    await Promise.all([threads.run(hash('both')), threads.run(hash('at once'))])
    assert.ok(before < withOne && withOne < countThreads(), 'threads start with the jobs that need them')
  })

  it('have the lowest priority, and the rest of the process keeps its own', {
    skip: onlyLinux,
  }, async (t) => {
    const threads = open(t)
    await threads.run(hash('one'))
    const priorities = listPriorities()
    assert.ok(priorities.includes(19), `a thread has stepped back: ${priorities.join(' ')}`)
    assert.ok(priorities.filter((priority) => priority !== 19).length > 1, 'the others have not')
  })

  it('that end take their job with them, and another one takes their place', async (t) => {
    const ended: ThreadEndedError[] = []
    const threads = open(t, (error) => ended.push(error))
    // What is no job at all ends the thread.
    await assert.rejects(threads.run(null as never), ThreadEndedError)
    assert.equal(typeof (await threads.run(hash('correct horse'))), 'string')
    assert.equal(ended.length, 1)
    assert.ok(ended[0]?.cause instanceof Error)
  })

  it('are gone when they are closed', async (t) => {
    const ended: ThreadEndedError[] = []
    const threads = open(t, (error) => ended.push(error))
    await threads.run(hash('one'))
    const running = threads.run({ ...hash('two'), cost: { memoryKib: 65_536, passes: 3 } })
    await Promise.all([assert.rejects(running, ThreadEndedError), threads.close()])
    await assert.rejects(threads.run(hash('three')), ThreadEndedError)
    assert.deepEqual(ended, [])
  })
})

function countThreads(): number {
  return readdirSync('/proc/self/task').length
}

/** The nice value of every thread of this process (proc(5), field 19 of `stat`). */
function listPriorities(): number[] {
  return readdirSync('/proc/self/task').map((id) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

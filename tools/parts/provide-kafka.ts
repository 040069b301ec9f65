import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from '../bootstrap/with-lock.mjs'
import { rootFolder } from '../process/root-folder.ts'

const pom = join(rootFolder, 'tools/kafka/pom.xml')
const partsFolder = join(rootFolder, '.parts')
const stampName = 'pom.sha256'

/**
 * The folder with the jars of the Apache Kafka that `tools/kafka/pom.xml` pins, fetched by Maven when it is not there
 * yet. Processes that ask at the same time wait for one download. Throws when it cannot be had.
 */
export async function provideKafka(): Promise<string> {
  const text = await readFile(pom, 'utf8')
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(text)?.[1]
  if (version === undefined) throw new Error('tools/kafka/pom.xml names no kafka.version')
  const home = join(partsFolder, `kafka-${version}`)
  const stamp = createHash('sha256').update(text).digest('hex')
  if (await isStamped(home, stamp)) return home
  await withLock(join(partsFolder, 'kafka.lock'), async () => {
    if (!(await isStamped(home, stamp))) await download(home, stamp)
  })
  return home
}

async function isStamped(home: string, stamp: string): Promise<boolean> {
  return (await readFile(join(home, stampName), 'utf8').catch(() => '')) === stamp
}

async function download(home: string, stamp: string): Promise<void> {
  const scratch = join(partsFolder, `unpacking-${randomUUID()}`)
  await mkdir(scratch, { recursive: true })
  try {
    const args = ['--quiet', '--batch-mode', '--file', pom, 'dependency:copy-dependencies']
    await promisify(execFile)('mvn', [...args, `-DoutputDirectory=${scratch}`]).catch((error) => {
      throw new Error(`Maven could not fetch Apache Kafka: ${explain(error)}`)
    })
    await writeFile(join(scratch, stampName), stamp)
    if (existsSync(home)) await rm(home, { recursive: true })
    await rename(scratch, home)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function explain(error: NodeJS.ErrnoException & { stdout?: string }): string {
  if (error.code === 'ENOENT') return 'mvn is not installed on this machine'
  const lines = (error.stdout ?? '').split('\n').filter((line) => line.includes('[ERROR]'))
  return (lines[0] ?? error.message).trim()
}

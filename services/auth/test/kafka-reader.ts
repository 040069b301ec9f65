import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { toPartMissing } from '../../../tools/parts/part-missing.ts'

/** A record as kcat, a reader that is none of ours, shows it. */
export interface KcatRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
}

const run = promisify(execFile)

/** Why kcat cannot be used here, or false. */
export async function findKcatSkip(): Promise<string | false> {
  try {
    await run('kcat', ['-V'])
    return false
  } catch (error) {
    return toPartMissing('kcat', error).skipReason
  }
}

/** Everything that stands on a topic. */
export async function readWithKcat(brokers: string, topic: string): Promise<KcatRecord[]> {
  const { stdout } = await run('kcat', ['-C', '-e', '-q', '-J', '-b', brokers, '-t', topic], {
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { headers, ...record } = JSON.parse(line)
      return { ...record, headers: toRecord(headers) }
    })
}

/** kcat lists names and values in turn. */
function toRecord(list: readonly string[]): Record<string, string> {
  const names = list.filter((_, at) => at % 2 === 0)
  return Object.fromEntries(names.map((name, n) => [name, list[2 * n + 1] ?? '']))
}

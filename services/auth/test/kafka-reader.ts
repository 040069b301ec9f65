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

/** A record in bytes; `value` is undefined where there is none. */
export interface RawRecord {
  readonly partition: number
  readonly key: string
  readonly value: Buffer | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** Everything that stands on a topic and was committed, byte by byte; in order within a partition. */
export async function readBytesWithKcat(brokers: string, topic: string): Promise<RawRecord[]> {
  // Lengths stand before the bytes, -1 where there are none.
  const format = '%p:%K:%k%S:%s%h\\n'
  const { stdout } = await run('kcat', ['-C', '-e', '-q', '-b', brokers, '-t', topic, '-f', format], {
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'buffer',
  })
  const records: RawRecord[] = []
  let at = 0
  const takeUntil = (end: string): string => {
    const from = at
    at = stdout.indexOf(end, from) + 1
    return stdout.subarray(from, at - 1).toString()
  }
  const takeBytes = (): Buffer | undefined => {
    const length = Number(takeUntil(':'))
    if (length < 0) return undefined
    at += length
    return stdout.subarray(at - length, at)
  }
  while (at < stdout.length) {
    const partition = Number(takeUntil(':'))
    const [key, value] = [takeBytes()?.toString() ?? '', takeBytes()]
    records.push({
      partition,
      key,
      value,
      headers: Object.fromEntries(takeUntil('\n').split(',').map(toEntry)),
    })
  }
  return records
}

function toEntry(header: string): [string, string] {
  const at = header.indexOf('=')
  return [header.slice(0, at), header.slice(at + 1)]
}

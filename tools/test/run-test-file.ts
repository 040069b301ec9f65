import { join } from 'node:path'
import { run } from 'node:test'
import { listChildren } from '../parts/list-children.ts'
import { type TestFailure, type TestSkip, TestTally } from './test-tally.ts'

/** How to run a test file. */
export interface TestFileOptions {
  readonly root: string
  /** Only tests whose title matches. */
  readonly only?: string | undefined
  readonly timeoutMs: number
  /** Aborted, the file's process is ended. */
  readonly signal: AbortSignal
}

/** How a test file ended. */
export interface TestFileResult {
  readonly file: string
  readonly passed: number
  readonly failures: readonly TestFailure[]
  readonly skips: readonly TestSkip[]
  /** What its process printed. */
  readonly output: string
  readonly durationMs: number
}

const killGraceMs = 5_000
// A file that does not import may print little else than its stack; one that floods is cut at its end.
const outputBound = 20_000

/** Runs one test file, a path below `root`, in a process of its own. Never throws for what the file does. */
export async function runTestFile(file: string, options: TestFileOptions): Promise<TestFileResult> {
  const started = performance.now()
  const path = join(options.root, file)
  const tally = new TestTally(path)
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const output = await follow(path, tally, options, AbortSignal.any([options.signal, timeout]))
  const failures = [...tally.failures]
  if (timeout.aborted) {
    const detail = `ran longer than ${options.timeoutMs} ms; the last test to begin was ${tally.lastStarted ?? 'none'}`
    failures.push({ title: 'the test file itself', detail })
  } else if (tally.isEmpty && options.only === undefined && !options.signal.aborted) {
    failures.push({ title: 'the test file itself', detail: 'holds no test' })
  }
  const durationMs = performance.now() - started
  return { file, passed: tally.passed, failures, skips: tally.skips, output, durationMs }
}

async function follow(
  path: string,
  tally: TestTally,
  options: TestFileOptions,
  signal: AbortSignal,
): Promise<string> {
  let output = ''
  const keep = ({ message }: { message: string }) => {
    output = (output + message).slice(-outputBound)
  }
  const stream = run({
    files: [path],
    cwd: options.root,
    isolation: 'process',
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    signal,
    ...(options.only === undefined ? {} : { testNamePatterns: [options.only] }),
  })
  stream.on('test:start', (event) => tally.start(event))
  stream.on('test:pass', (event) => tally.pass(event))
  stream.on('test:fail', (event) => {
    // The abort is told by whoever aborted.
    if (!signal.aborted || event.name !== path) tally.fail({ ...event, error: event.details.error })
  })
  stream.on('test:diagnostic', ({ message }) => {
    // What Node has to say about errors that belong to no test any more; the rest are its own counts.
    if (/^(Error|Warning)/.test(message)) keep({ message: `${message}\n` })
  })
  stream.on('test:stdout', keep)
  stream.on('test:stderr', keep)
  await new Promise((resolve) => stream.once('close', resolve).once('end', resolve).resume())
  if (signal.aborted) await killLeftOver(path)
  return output
}

// Aborting asks a process to stop; one that does not listen any more has to be ended.
async function killLeftOver(path: string): Promise<void> {
  const deadline = Date.now() + killGraceMs
  for (;;) {
    const left = (await listChildren(process.pid)).filter(({ command }) => command.includes(path))
    if (left.length === 0) return
    if (Date.now() > deadline) for (const { pid } of left) process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

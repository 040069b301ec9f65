import { inspect } from 'node:util'

/** A test that failed, with all there is to say about it. */
export interface TestFailure {
  readonly title: string
  readonly detail: string
}

/** A test that did not run. */
export interface TestSkip {
  readonly title: string
  readonly reason: string
}

/** What a test process reports when a test or a suite ends, as far as it is counted here. */
export interface TestReport {
  readonly name: string
  readonly nesting: number
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly skip?: string | boolean | undefined
  readonly todo?: string | boolean | undefined
  readonly error?: (Error & { readonly failureType?: string; readonly exitCode?: number | null }) | undefined
}

/** Counts the tests of one file as they end: leaf tests, and suites only for what they did wrong themselves. */
export class TestTally {
  passed = 0
  readonly failures: TestFailure[] = []
  readonly skips: TestSkip[] = []
  readonly #file: string
  readonly #titles: string[] = []
  readonly #children: number[] = []

  /** `file` is the absolute path that the process was started with: Node reports its end as a test of that name. */
  constructor(file: string) {
    this.#file = file
  }

  /** Whether any test ended in any way. */
  get isEmpty(): boolean {
    return this.passed + this.failures.length + this.skips.length === 0
  }

  /** The test or suite that began last. */
  get lastStarted(): string | undefined {
    return this.#titles.at(-1)
  }

  /** A test or suite begins; ancestors begin before their children. */
  start({ name, nesting }: Pick<TestReport, 'name' | 'nesting'>): void {
    this.#titles.length = nesting
    this.#titles[nesting] = name
  }

  /** A test or suite ended well, or was skipped; children end before their parents. */
  pass(report: TestReport): void {
    const hadChildren = this.#countChild(report.nesting)
    if (report.name === this.#file || hadChildren) return
    const reason = report.skip || (report.todo === true ? 'to do' : report.todo)
    if (reason)
      this.skips.push({ title: this.#title(report), reason: reason === true ? 'no reason given' : reason })
    else this.passed++
  }

  /** A test, a suite or the whole process ended badly. */
  fail(report: TestReport): void {
    this.#countChild(report.nesting)
    // What went wrong further down has been counted there.
    if (report.error?.failureType === 'subtestsFailed') return
    if (report.todo) return void this.skips.push({ title: this.#title(report), reason: 'to do' })
    this.failures.push({ title: this.#title(report), detail: explain(report) })
  }

  #countChild(nesting: number): boolean {
    const hadChildren = (this.#children[nesting + 1] ?? 0) > 0
    this.#children[nesting + 1] = 0
    this.#children[nesting] = (this.#children[nesting] ?? 0) + 1
    return hadChildren
  }

  #title({ name, nesting }: TestReport): string {
    if (name === this.#file) return 'the test file itself'
    return [...this.#titles.slice(0, nesting), name].join(' › ')
  }
}

function explain({ error, file, line }: TestReport): string {
  const where = file === undefined || line === undefined ? '' : `at ${file}:${line}\n`
  if (error === undefined) return `${where}failed without an error`
  const cause = error.cause instanceof Error ? error.cause : undefined
  if (cause !== undefined) return where + inspect(cause, { depth: 6 })
  const exit = typeof error.exitCode === 'number' ? ` (exit code ${error.exitCode})` : ''
  return `${where}${typeof error.cause === 'string' ? error.cause : error.message}${exit}`
}

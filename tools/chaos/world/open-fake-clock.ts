import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is wrong with the clocks of a process: `wall` can be set in steps, `drift` lets both clocks go 200 ppm too fast or too slow. */
export type ClockFault = 'wall' | 'fast' | 'slow'

/** The clocks of a process as libfaketime shows them to it. */
export interface FakeClock {
  /** What the process is started with. */
  readonly environment: NodeJS.ProcessEnv
  /** Sets the wall clock off by so many seconds; in force within a second. */
  setOffset(seconds: number): Promise<void>
}

const rates: Readonly<Record<ClockFault, string>> = Object.freeze({
  wall: '',
  fast: ' x1.0002',
  slow: ' x0.9998',
})

/** Prepares false clocks in `folder` for the process `name`; `library` is libfaketime's path. */
export async function openFakeClock(
  library: string,
  folder: string,
  name: string,
  fault: ClockFault,
): Promise<FakeClock> {
  const file = join(folder, `${name}.clock`)
  const setOffset = async (seconds: number) => {
    // A process may read it at any moment: never half written.
    await writeFile(`${file}.next`, `${seconds < 0 ? '' : '+'}${seconds}${rates[fault]}`)
    await rename(`${file}.next`, file)
  }
  await setOffset(0)
  const honestMonotonic = { DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' }
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      ...(fault === 'wall' ? honestMonotonic : {}),
    },
    setOffset,
  }
}

/** What a burst is. */
export interface BurstRules {
  /** So many failures … */
  readonly failures: number
  /** … within this time. */
  readonly windowMs: number
}

/** Finds bursts among events of many subjects. */
export interface BurstDetector {
  /** Notes a failure of a subject, such as an address; answers how many are in the window when that begins a burst, else undefined. */
  note(subject: string, at: Date): number | undefined
  /** Subjects remembered. */
  readonly subjects: number
}

interface Failures {
  /** The latest `failures` instants, oldest first. */
  readonly atMs: number[]
  isBurst: boolean
}

const subjectsMax = 100_000

/**
 * Makes a detector on the events' own time, so that what is read late is judged as it happened. A burst is told once, until its subject was
 * quiet for a window. Subjects are bounded: the one that was quiet longest goes first.
 */
export function makeBurstDetector({ failures, windowMs }: BurstRules): BurstDetector {
  const subjects = new Map<string, Failures>()
  return {
    note(subject, at) {
      const nowMs = at.getTime()
      const known = subjects.get(subject) ?? { atMs: [], isBurst: false }
      const lastMs = known.atMs.at(-1)
      if (lastMs === undefined || nowMs - lastMs > windowMs) known.isBurst = false
      known.atMs.push(nowMs)
      if (known.atMs.length > failures) known.atMs.shift()
      // Set anew: a Map keeps the order of insertion.
      subjects.delete(subject)
      subjects.set(subject, known)
      forgetQuiet(subjects, nowMs - windowMs)
      const [oldestMs = nowMs] = known.atMs
      if (known.isBurst || known.atMs.length < failures || nowMs - oldestMs > windowMs) return undefined
      known.isBurst = true
      return known.atMs.length
    },
    get subjects() {
      return subjects.size
    },
  }
}

function forgetQuiet(subjects: Map<string, Failures>, beforeMs: number): void {
  for (const [subject, { atMs }] of subjects) {
    if (subjects.size <= subjectsMax && (atMs.at(-1) ?? 0) >= beforeMs) return
    subjects.delete(subject)
  }
}

/** What a burst is. */
export interface BurstRules {
  /** So many failures … */
  readonly failures: number
  /** … within this time. */
  readonly windowMs: number
}

/** Finds bursts among events of many subjects. */
export interface BurstDetector {
  /** Notes a failure of a subject, such as an address; answers how many are in a window when that makes a burst of them, else undefined. */
  note(subject: string, at: Date): number | undefined
  /** Subjects remembered. */
  readonly subjects: number
}

interface Failures {
  /** The latest instants, oldest first. */
  readonly atMs: number[]
  /** When the burst was that was told last. */
  told: Span | undefined
}

/** From an instant to another, both included. */
interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

const subjectsMax = 100_000
/** How far one partition of a topic may be read ahead of another, after the monitor was away, before failures on the later one count less. */
const lateMs = 3_600_000
/** Of a subject so many bursts' worth of failures is remembered. */
const burstsKept = 4

/**
 * Makes a detector on the events' own time, so that what is read late, or after something that happened later, is judged as it happened: an
 * address fails on many partitions, and their order is nobody's. A burst is told once, until its subject was quiet for a window. Subjects are
 * bounded: the one that was heard of longest ago goes first.
 */
export function makeBurstDetector({ failures, windowMs }: BurstRules): BurstDetector {
  const subjects = new Map<string, Failures>()
  let newestMs = Number.NEGATIVE_INFINITY
  return {
    note(subject, at) {
      const nowMs = at.getTime()
      newestMs = Math.max(newestMs, nowMs)
      const known = subjects.get(subject) ?? { atMs: [], told: undefined }
      // Set anew: a Map keeps the order of insertion.
      subjects.delete(subject)
      subjects.set(subject, known)
      forgetQuiet(subjects, newestMs - windowMs - lateMs)
      const burst = findBurst(known.atMs, insert(known.atMs, nowMs), { failures, windowMs })
      if (known.atMs.length > burstsKept * failures) known.atMs.shift()
      const { told } = known
      const span = burst ?? { fromMs: nowMs, untilMs: nowMs }
      const isTold = told !== undefined && isNear(told, span, windowMs)
      if (isTold) known.told = join(told, span)
      else if (burst !== undefined) known.told = burst
      return burst !== undefined && !isTold ? failures : undefined
    },
    get subjects() {
      return subjects.size
    },
  }
}

/** Puts an instant where it belongs, and answers where that is. */
function insert(atMs: number[], nowMs: number): number {
  const place = atMs.findLastIndex((one) => one <= nowMs) + 1
  atMs.splice(place, 0, nowMs)
  return place
}

/** So many instants within a window, the one at `place` among them. */
function findBurst(
  atMs: readonly number[],
  place: number,
  { failures, windowMs }: BurstRules,
): Span | undefined {
  for (let first = Math.max(0, place - failures + 1); first <= place; first += 1) {
    const [fromMs, untilMs] = [atMs[first], atMs[first + failures - 1]]
    if (fromMs === undefined || untilMs === undefined) return undefined
    if (untilMs - fromMs <= windowMs) return { fromMs, untilMs }
  }
  return undefined
}

function isNear(one: Span, other: Span, windowMs: number): boolean {
  return other.fromMs <= one.untilMs + windowMs && other.untilMs >= one.fromMs - windowMs
}

function join(one: Span, other: Span): Span {
  return {
    fromMs: Math.min(one.fromMs, other.fromMs),
    untilMs: Math.max(one.untilMs, other.untilMs),
  }
}

function forgetQuiet(subjects: Map<string, Failures>, beforeMs: number): void {
  for (const [subject, { atMs }] of subjects) {
    if (subjects.size <= subjectsMax && (atMs.at(-1) ?? beforeMs) >= beforeMs) return
    subjects.delete(subject)
  }
}

/** Asks about things one by one, so many at once. */
export interface Questions<Subject> {
  /** Asks about it soon; once, however often it is said before the answer. */
  add(subject: Subject): void
  /** Asks no more about it, where the question has not been sent. */
  drop(subject: Subject): void
  /** Sent and not answered. */
  readonly asking: number
}

/** Makes a queue of questions of which at most `atOnce` are under way. `ask` never rejects. */
export function makeQuestions<Subject>(
  atOnce: number,
  ask: (subject: Subject) => Promise<void>,
): Questions<Subject> {
  const waiting = new Set<Subject>()
  const asked = new Set<Subject>()

  function sendNext(): void {
    for (const subject of waiting) {
      if (asked.size >= atOnce) return
      waiting.delete(subject)
      asked.add(subject)
      void ask(subject).then(() => {
        asked.delete(subject)
        sendNext()
      })
    }
  }

  return {
    add(subject) {
      if (asked.has(subject)) return
      waiting.add(subject)
      sendNext()
    },
    drop: (subject) => void waiting.delete(subject),
    get asking() {
      return asked.size
    },
  }
}

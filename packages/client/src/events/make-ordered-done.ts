/** Tells a source how far it may move on, where records are dealt with out of order. */
export interface OrderedDone {
  /** A record has come; call what is returned when it is dealt with. `done` runs once all before it in its line are, too. */
  enter(line: string, done: () => Promise<void>): () => void
  /** Resolves when all that could be told has been. */
  flush(): Promise<void>
}

interface Entry {
  readonly done: () => Promise<void>
  isDealtWith: boolean
}

/**
 * Makes the order: a line is what moves on as one, such as a partition. Moving past a record means never to see it again, so that a later one
 * that is ready sooner waits. Of several that are ready together only the last is told.
 */
export function makeOrderedDone(): OrderedDone {
  const lines = new Map<string, Entry[]>()
  let last: Promise<unknown> = Promise.resolve()

  const advance = (entries: Entry[]): void => {
    let ready: Entry | undefined
    while (entries[0]?.isDealtWith) ready = entries.shift()
    if (ready !== undefined) last = Promise.all([last, ready.done()])
  }
  return {
    enter(line, done) {
      const entries = lines.get(line) ?? []
      lines.set(line, entries)
      const entry: Entry = { done, isDealtWith: false }
      entries.push(entry)
      return () => {
        entry.isDealtWith = true
        advance(entries)
      }
    },
    flush: async () => {
      await last
    },
  }
}

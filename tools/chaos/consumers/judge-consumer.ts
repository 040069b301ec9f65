/** A record as an independent reader found it on a topic. */
export interface TopicRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string
  /** `ce_id`; undefined on a record that is no event. */
  readonly eventId: string | undefined
  /** Whether the handler cannot handle it, so that it has to be found among the dead letters. */
  readonly isPoison: boolean
}

/** A row that a handler wrote in its own transaction. */
export interface Effect {
  /** Rises in the order in which the rows of a user were written. */
  readonly n: number
  readonly eventId: string
  readonly topic: string
  readonly userId: string
}

/** A dead letter of the consumer's group. */
export interface Letter {
  /** Where the record stood. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** What a consumer has left behind. */
export interface Traces {
  readonly effects: readonly Effect[]
  readonly letters: readonly Letter[]
  /** What it counted per user, in the same transactions. */
  readonly counted: ReadonlyMap<string, number>
}

/** What a consumer did that it never may. */
export interface ConsumerViolation {
  readonly property: 'lost' | 'twice' | 'phantom' | 'order' | 'dead letter' | 'gap' | 'process' | 'drain'
  readonly told: string
}

/**
 * Compares what a consumer wrote with what stands on its topics: each event took effect exactly once, but those that cannot be handled, which
 * are among the dead letters instead, and no others; a user's events of one topic in the topic's order.
 */
export function judgeConsumer(records: readonly TopicRecord[], traces: Traces): ConsumerViolation[] {
  const events = dropRepetitions(records)
  const effects = Map.groupBy(traces.effects, ({ eventId }) => eventId)
  const buried = new Set(traces.letters.map(toPlace))
  return [
    ...events.flatMap((record) => judgeEvent(record, effects.get(record.eventId ?? '') ?? [], buried)),
    ...findPhantoms(events, records, traces),
    ...findDisorder(events, traces.effects),
    ...findMiscounts(traces),
  ]
}

const toPlace = ({ topic, partition, offset }: Letter) => `${topic} ${partition}/${offset}`

/** A relay may publish an event again (O5): the first of each counts, in the topic's order. */
function dropRepetitions(records: readonly TopicRecord[]): TopicRecord[] {
  const seen = new Set<string>()
  const sorted = records.toSorted(
    (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset,
  )
  return sorted.filter(({ eventId }) => {
    if (eventId === undefined) return true
    const isFirst = !seen.has(eventId)
    seen.add(eventId)
    return isFirst
  })
}

function judgeEvent(
  record: TopicRecord,
  effects: readonly Effect[],
  buried: ReadonlySet<string>,
): ConsumerViolation[] {
  const told = `${toPlace(record)} (${record.eventId ?? 'no event'}) of ${record.key}`
  const isBuried = buried.has(toPlace(record))
  if (record.isPoison) {
    if (effects.length > 0)
      return [{ property: 'dead letter', told: `${told} took effect and cannot be handled` }]
    return isBuried ? [] : [{ property: 'lost', told: `${told} was skipped without a dead letter` }]
  }
  const found: ConsumerViolation[] = []
  if (isBuried) found.push({ property: 'dead letter', told: `${told} is buried and could be handled` })
  else if (effects.length === 0) found.push({ property: 'lost', told: `${told} took no effect` })
  if (effects.length > 1)
    found.push({ property: 'twice', told: `${told} took effect ${effects.length} times` })
  return found
}

function findPhantoms(
  events: readonly TopicRecord[],
  records: readonly TopicRecord[],
  { effects, letters }: Traces,
): ConsumerViolation[] {
  const ids = new Set(events.map(({ eventId }) => eventId))
  // What cannot be handled and comes again is buried again.
  const places = new Set([...events, ...records.filter(({ isPoison }) => isPoison)].map(toPlace))
  return [
    ...effects
      .filter(({ eventId }) => !ids.has(eventId))
      .map(({ eventId, topic }) => `${eventId} took effect and is not on ${topic}`),
    ...letters
      .filter((letter) => !places.has(toPlace(letter)))
      .map((letter) => `a dead letter is from ${toPlace(letter)}, where no event stands first`),
  ].map((told) => ({ property: 'phantom', told }))
}

function findDisorder(events: readonly TopicRecord[], effects: readonly Effect[]): ConsumerViolation[] {
  // One key is on one partition (O6), so the place in the sorted list orders a user's events of one topic.
  const places = new Map(events.map(({ eventId }, place) => [eventId, place]))
  const last = new Map<string, Effect>()
  const found: ConsumerViolation[] = []
  for (const effect of effects.toSorted((a, b) => a.n - b.n)) {
    const line = `${effect.topic} ${effect.userId}`
    const before = last.get(line)
    last.set(line, effect)
    if (before === undefined || getPlace(before) <= getPlace(effect)) continue
    found.push({ property: 'order', told: `${line}: ${effect.eventId} took effect after ${before.eventId}` })
  }
  return found

  function getPlace({ eventId }: Effect): number {
    return places.get(eventId) ?? Number.NaN
  }
}

function findMiscounts({ effects, counted }: Traces): ConsumerViolation[] {
  const written = Map.groupBy(effects, ({ userId }) => userId)
  return [...new Set([...written.keys(), ...counted.keys()])].flatMap((userId) => {
    const [rows, count] = [written.get(userId)?.length ?? 0, counted.get(userId) ?? 0]
    const told = `${userId}: ${rows} rows were written and ${count} counted, in the same transactions`
    return rows === count ? [] : [{ property: 'twice' as const, told }]
  })
}

import { setTimeout as sleep } from 'node:timers/promises'
import { readCpuSeconds } from '../cpu-clock.ts'
import { type EventFlow, openEventFlow } from '../events/open-event-flow.ts'
import type { Figure } from '../figures.ts'
import { tell, type World } from '../world.ts'

/** What was committed and handled in one measurement. */
interface Flow {
  readonly seconds: number
  readonly latenciesMs: readonly number[]
  readonly serverCpuSeconds: number
  readonly clientCpuSeconds: number
}

const drainLimitMs = 120_000

/**
 * Events a second from commit to a handler in another process, in transactions of 50 events and of one: first as many as can be committed, until
 * the last is handled, then at half that rate, with the time from the commit's answer to the handler. Needs PostgreSQL.
 */
export async function measureEvents(world: World): Promise<Figure[]> {
  if (world.database.url === undefined) return []
  tell('events: from the commit to a handler elsewhere')
  await using flow = await openEventFlow(world.options)
  const figures: Figure[] = []
  for (const size of [50, 1]) {
    const { seconds } = world.options
    await run(flow, size, 2, undefined)
    const most = await run(flow, size, seconds, undefined)
    const rate = most.latenciesMs.length / most.seconds
    tell(`events: ${rate.toFixed(0)}/s in transactions of ${size}`)
    const half = await run(flow, size, seconds, rate / 2)
    figures.push(
      toEventFigure(`events, ${size} a transaction, all cores shared, until all are handled`, most),
    )
    figures.push(
      toEventFigure(
        `events, ${size} a transaction, all cores shared, at half that rate: commit to handler`,
        half,
      ),
    )
  }
  return figures
}

/** Commits for so many seconds, at `rate` events a second or as fast as it goes, and waits until every event was handled. */
async function run(flow: EventFlow, size: number, seconds: number, rate: number | undefined): Promise<Flow> {
  const handledAt = new Map<string, number>()
  flow.onHandled = (id, atMs) => {
    if (!handledAt.has(id)) handledAt.set(id, atMs)
  }
  const cpu = { server: readCpuSeconds(flow.service.pid), client: process.cpuUsage() }
  const begunAtMs = performance.now()
  const committedAt = await commitAll(flow, size, seconds, rate)
  const latenciesMs: number[] = []
  let lastMs = begunAtMs
  for (const [id, atMs] of committedAt) {
    const handledAtMs = await awaitHandled(handledAt, id)
    // The handler may be faster than the commit's answer.
    latenciesMs.push(Math.max(0, handledAtMs - atMs))
    lastMs = Math.max(lastMs, handledAtMs)
  }
  const client = process.cpuUsage(cpu.client)
  return {
    seconds: (lastMs - begunAtMs) / 1_000,
    latenciesMs,
    serverCpuSeconds: readCpuSeconds(flow.service.pid) - cpu.server,
    clientCpuSeconds: (client.user + client.system) / 1e6,
  }
}

/** The ids of all events and when their commits were answered. */
async function commitAll(
  { writer }: EventFlow,
  size: number,
  seconds: number,
  rate: number | undefined,
): Promise<Map<string, number>> {
  const committedAt = new Map<string, number>()
  const begunAtMs = performance.now()
  const endMs = begunAtMs + seconds * 1_000
  const everyMs = rate === undefined ? 0 : (1_000 * size) / rate
  let next = 0
  const commitOn = async (place: number) => {
    for (;;) {
      const dueMs = begunAtMs + everyMs * next++
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
      if (performance.now() >= endMs) return
      const ids = await writer.commit(place, size)
      const atMs = performance.now()
      for (const id of ids) committedAt.set(id, atMs)
    }
  }
  await Promise.all(Array.from({ length: writer.places }, (_, place) => commitOn(place)))
  return committedAt
}

async function awaitHandled(handledAt: ReadonlyMap<string, number>, id: string): Promise<number> {
  const endMs = performance.now() + drainLimitMs
  for (;;) {
    const atMs = handledAt.get(id)
    if (atMs !== undefined) return atMs
    if (performance.now() > endMs) throw new Error(`the event of ${id} was not handled`)
    await sleep(10)
  }
}

function toEventFigure(name: string, flow: Flow): Figure {
  const sorted = Float64Array.from(flow.latenciesMs).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return {
    name,
    perSecond: sorted.length / flow.seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    perCoreSecond: sorted.length / flow.serverCpuSeconds,
    serverCpu: flow.serverCpuSeconds / flow.seconds,
    clientCpu: flow.clientCpuSeconds / flow.seconds,
  }
}

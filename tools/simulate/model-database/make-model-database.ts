import type {
  ModelDatabase,
  ModelDatabaseOptions,
  ModelLatency,
  ModelTime,
  ModelTruth,
} from './model-database.ts'
import { openProcess, type Sleep } from './server/open-process.ts'
import { Process } from './server/process.ts'
import { promote } from './server/promote.ts'
import { runFirstWrites } from './server/run-first-writes.ts'
import { Server } from './server/server.ts'

/** Makes a database with the service's schema and the rows that its migrations put there. Nothing real is opened. */
export function makeModelDatabase(options: ModelDatabaseOptions): ModelDatabase {
  const server = new Server(options, { ...makeLatency(options.random), ...options.latency })
  runFirstWrites(server)
  const processes = new Map<string, Process[]>()
  const each = (name: string, act: (process: Process) => void) => {
    for (const process of processes.get(name) ?? []) act(process)
  }
  const until = (lastsMs: number) => options.time.nowMs + lastsMs
  return {
    open(name, sleep = makeSleep(options.time)) {
      const process = new Process(server, name)
      processes.set(name, [...(processes.get(name) ?? []), process])
      return openProcess(process, options.poolSize ?? 10, sleep)
    },
    breakConnections: (name) => each(name, (process) => process.breakClients()),
    kill(name) {
      each(name, (process) => {
        process.isDead = true
        process.breakClients()
      })
      processes.delete(name)
    },
    cut: (name, lastsMs) =>
      each(name, (process) => {
        process.cutUntilMs = until(lastsMs)
        for (const client of process.clients) client.watchSilence()
      }),
    pause: (name, lastsMs) =>
      each(name, (process) => {
        process.pausedUntilMs = until(lastsMs)
      }),
    stop() {
      server.isUp = false
      for (const backend of [...server.backends]) backend.crash(options.random() < 0.5)
    },
    start() {
      server.isUp = true
    },
    promote: (lostCommits) => promote(server, lostCommits),
    setInRecovery(isInRecovery) {
      server.isInRecovery = isInRecovery
    },
    clock: {
      nowMs: () => server.clockMs(),
      get offsetMs() {
        return server.offsetMs
      },
      set offsetMs(ms) {
        server.offsetMs = ms
      },
    },
    truth: toTruth(server),
  }
}

function makeSleep(time: ModelTime): Sleep {
  return (ms, signal) =>
    new Promise((resolve) => {
      time.after(ms, resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
}

function toTruth(server: Server): ModelTruth {
  return {
    rows: (table) =>
      [...server.tables[table].rows].map(({ committed }) => committed).filter((row) => row !== undefined),
    commits: server.commits,
    unknownStatements: server.unknownStatements,
    get raceCount() {
      return server.raceCount
    },
    get statementCount() {
      return server.statementCount
    },
    get epoch() {
      return { systemId: server.systemId, timeline: server.timeline }
    },
    listWaits: () =>
      [...server.backends].flatMap(({ client, id, waiting }) => {
        const blockers = waiting?.wait?.listBlockers().map(({ backend }) => backend.id) ?? []
        return blockers.length > 0 ? [{ connection: id, process: client.process.name, blockers }] : []
      }),
  }
}

/** Mostly short, now and then long, so that every order of things comes up. */
function makeLatency(random: () => number): ModelLatency {
  const draw = () => {
    const one = random()
    return one < 0.85 ? one * 0.6 : one < 0.99 ? one * 3 : random() * 60
  }
  return { tripMs: draw, flushMs: draw, executionMs: () => (random() < 0.8 ? 0 : draw()) }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { readCpuSeconds } from '../cpu-clock.ts'

/** Makes one call and resolves when its answer was found right; throws otherwise, which fails the bench. */
export type Call = (slot: number, done: (error?: Error) => void) => void

/** How much load, on whom. */
export interface Load {
  readonly call: Call
  /** Calls under way at once: each answer leads to the next call. */
  readonly inFlight: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** The process whose CPU is read beside ours. */
  readonly serverPid: number
}

/** What was measured, additive over rounds. */
export interface Sample {
  readonly seconds: number
  readonly latenciesMs: readonly number[]
  readonly serverCpuSeconds: number
  readonly clientCpuSeconds: number
}

/** Keeps `inFlight` calls under way for `seconds` after a warm-up. Rejects at the first wrong answer. */
export async function runLoad(load: Load): Promise<Sample> {
  const latenciesMs: number[] = []
  const state = { isMeasuring: false, isOver: false, running: load.inFlight }
  const ended = Promise.withResolvers<void>()
  const go = (slot: number) => {
    if (state.isOver) {
      state.running -= 1
      if (state.running === 0) ended.resolve()
      return
    }
    const startMs = performance.now()
    load.call(slot, (error) => {
      if (error) return ended.reject(error)
      if (state.isMeasuring) latenciesMs.push(performance.now() - startMs)
      go(slot)
    })
  }
  for (let slot = 0; slot < load.inFlight; slot++) go(slot)
  const measured = measure(load, state)
  // A failure ends the wait at once; what it leaves behind goes with the connection.
  await Promise.race([measured, ended.promise])
  const sample = await measured
  state.isOver = true
  await ended.promise
  return { ...sample, latenciesMs }
}

async function measure(load: Load, state: { isMeasuring: boolean }) {
  await sleep(load.warmUpSeconds * 1000)
  const start = { ms: performance.now(), server: readCpuSeconds(load.serverPid), client: process.cpuUsage() }
  state.isMeasuring = true
  await sleep(load.seconds * 1000)
  state.isMeasuring = false
  const client = process.cpuUsage(start.client)
  return {
    seconds: (performance.now() - start.ms) / 1000,
    serverCpuSeconds: readCpuSeconds(load.serverPid) - start.server,
    clientCpuSeconds: (client.user + client.system) / 1e6,
  }
}

import { parentPort, workerData } from 'node:worker_threads'
import { type ClassReport, type FuzzOptions, fuzz } from './fuzz.ts'

/** What a worker says after every round. */
export interface WorkerReport extends ClassReport {
  readonly heapBytes: number
}

for (const report of fuzz(workerData as FuzzOptions)) {
  const said: WorkerReport = { ...report, heapBytes: process.memoryUsage().heapUsed }
  parentPort?.postMessage(said)
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AttackTally, Target } from './attacks/attack.ts'

/** An attack in a process of its own. */
export interface Attacker extends AsyncDisposable {
  start(): void
  /** What it has come to so far. */
  look(): Promise<AttackTally>
  /** Ends it; what it has come to since the start. */
  stop(): Promise<AttackTally>
}

const file = fileURLToPath(new URL('attacker-main.ts', import.meta.url))

/** Starts the process; it does nothing yet. */
export async function openAttacker(name: string, { grpcPort, edgePort }: Target): Promise<Attacker> {
  const child: ChildProcess = fork(file, [name, String(grpcPort), String(edgePort)], {
    execArgv: ['--conditions=source'],
  })
  const gone = once(child, 'exit')
  const [first] = await Promise.race([once(child, 'message'), gone])
  if (first !== 'ready') throw new Error(`the attacker of ${name} ended before it began`)
  const ask = async (question: 'look' | 'stop') => {
    const answer = once(child, 'message')
    child.send(question)
    const [tally] = await Promise.race([answer, gone])
    if (typeof tally !== 'object' || tally === null) throw new Error(`the attacker of ${name} has ended`)
    return tally as AttackTally
  }
  return {
    start: () => void child.send('go'),
    look: () => ask('look'),
    stop: () => ask('stop'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

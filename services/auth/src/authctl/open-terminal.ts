import { createInterface } from 'node:readline/promises'
import type { Terminal } from './terminal.ts'

/** The terminal of this process. Questions go to standard error: standard output is for answers. */
export function openTerminal({ stdin, stdout, stderr }: NodeJS.Process): Terminal {
  return {
    print: (text) => void stdout.write(`${text}\n`),
    complain: (text) => void stderr.write(`${text}\n`),
    ask: async (question) => {
      if (!stdin.isTTY) return undefined
      const reader = createInterface({ input: stdin, output: stderr })
      try {
        return await reader.question(question)
      } finally {
        reader.close()
      }
    },
  }
}

import type { Command } from 'commander'
import { examineInstallation } from '../compose/examine-installation.ts'
import { readConfig } from '../config.ts'
import { type Finding, isFault } from '../doctor/finding.ts'
import { type Answer, type Options, UsageError } from './answer.ts'

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, print: (answer: Answer, options: Options) => void): void {
  program
    .command('doctor')
    .description('what is wrong with the installation, and what helps; exit code 1 where something is')
    .option('--edge <url...>', 'edges that must publish the keys of this database')
    .option('--grpc <host:port...>', 'gRPC listeners that must serve')
    .option('--tls <host:port...>', 'listeners whose certificates must be valid')
    .option('--max-lag <records>', 'how far a consumer group may be behind', '1000')
    .action(async (_options, command: Command) => {
      const options: Options = command.optsWithGlobals()
      const asked = toExamination(options)
      print(toAnswer(await examineInstallation(readConfig(), asked)), options)
    })
}

function toExamination(options: Options): Parameters<typeof examineInstallation>[1] {
  const { edge = [], grpc = [], tls = [], maxLag } = options as Readonly<Record<string, string[] | undefined>>
  const lagMax = Number(maxLag)
  if (!Number.isSafeInteger(lagMax) || lagMax < 0) throw new UsageError('--max-lag is a number of records')
  for (const url of edge) {
    if (!URL.canParse(url) || !/^https?:/.test(url))
      throw new UsageError('--edge is a URL with http:// or https://')
  }
  for (const address of [...grpc, ...tls]) {
    if (!/^(\[[0-9a-fA-F:]+\]|[^:\s/]+):\d{1,5}$/.test(address)) {
      throw new UsageError('--grpc and --tls are host:port')
    }
  }
  return { edges: edge.map((url) => url.replace(/\/+$/, '')), listeners: grpc, certificates: tls, lagMax }
}

function toAnswer(findings: readonly Finding[]): Answer {
  const faults = findings.filter(isFault)
  const count = faults.length === 1 ? '1 finding' : `${faults.length} findings`
  const lines = [...findings.flatMap(toLines), faults.length === 0 ? 'nothing is wrong' : count]
  return { text: lines.join('\n'), data: { findings }, exitCode: faults.length === 0 ? 0 : 1 }
}

/** The finding, and its remedy on a line of its own. */
function toLines({ check, severity, what, remedy }: Finding): string[] {
  const line = `${severity.padEnd(8)} ${check}: ${what}`
  return remedy === undefined ? [line] : [line, `${' '.repeat(9)}-> ${remedy}`]
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../tools/parts/free-port.ts'
import { type Figure, toTable } from './figures.ts'
import { makeEnvironment } from './make-environment.ts'
import { measureEvents } from './measure/events.ts'
import { measureFlood } from './measure/flood.ts'
import { measureLocal } from './measure/local.ts'
import { measureLogin } from './measure/login.ts'
import { measureRefresh } from './measure/refresh.ts'
import { measureRemote } from './measure/remote.ts'
import { measureRevocation } from './measure/revocation.ts'
import { measureUsers } from './measure/users.ts'
import { measureValidate } from './measure/validate.ts'
import { openBenchDatabase, toEmbedded } from './open-bench-database.ts'
import { type Pinning, pinThisProcess } from './pinning.ts'
import { type BenchOptions, type MeasurementName, readOptions, usage } from './read-options.ts'
import { seed } from './seed.ts'
import { startServer } from './start-server.ts'
import { tell, type World } from './world.ts'

const measurements: Readonly<Record<MeasurementName, (world: World) => Promise<Figure[]>>> = {
  validate: measureValidate,
  remote: measureRemote,
  login: measureLogin,
  flood: measureFlood,
  refresh: measureRefresh,
  local: measureLocal,
  revocation: measureRevocation,
  users: measureUsers,
  events: measureEvents,
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env)
  const pinning = pinThisProcess()
  const { told, figures } = await measureAll(options, pinning)
  const [cpu] = cpus()
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, Node.js ${process.version}`
  const facts = [machine, pinning.told, told]
  console.log(`\n${facts.join('\n')}\n\n${toTable(figures)}`)
  console.log(
    '\nserver CPU and load CPU: shares of one core. Every answer was checked; a wrong one ends the bench.',
  )
  if (options.json === undefined) return
  await writeFile(
    options.json,
    `${JSON.stringify({ at: new Date().toISOString(), facts, figures }, undefined, 2)}\n`,
  )
}

async function measureAll(options: BenchOptions, { serverPrefix }: Pinning) {
  await using stack = new AsyncDisposableStack()
  const dataFolder = await mkdtemp(join(tmpdir(), 'auth-bench-'))
  stack.defer(() => rm(dataFolder, { recursive: true, force: true }))
  tell('starting the database')
  const database = stack.use(options.embedded ? toEmbedded() : await openBenchDatabase(options.databaseUrl))
  const ports = { grpc: await freePort(), edge: await freePort(), admin: await freePort() }
  const environment = makeEnvironment(database, ports, dataFolder)
  tell('making users and sessions')
  const seeded = await seed(environment)
  const service = stack.use(
    await startServer({
      script: 'services/auth/src/main.ts',
      nodeArgs: options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`],
      port: ports.grpc,
      environment,
      prefix: serverPrefix,
    }),
  )
  const world: World = { options, database, service, adminPort: ports.admin, seed: seeded, serverPrefix }
  const figures: Figure[] = []
  for (const name of options.only) figures.push(...(await measurements[name](world)))
  return { told: database.told, figures }
}

try {
  await main()
} catch (error) {
  if (error instanceof RangeError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) {
    console.error(`bench: ${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
  console.error('bench:', error)
  process.exit(1)
}
process.exit(0)

/** A service that was started with {@link collecting}. */
export interface Observed {
  readonly adminPort: number
  readonly pid: number
}

/** What the service says of itself. */
export interface ServiceState {
  readonly grpcConnections: number
  readonly edgeConnections: number
  readonly calls: number
  /** Of JavaScript and of what it holds outside its heap. */
  readonly memoryBytes: number
  readonly refusals: number
}

const timeoutMs = 10_000

/**
 * What {@link readService} needs of a service's environment: without it the garbage of an attack would be measured, which V8 leaves for as long as
 * it likes, and not what is held.
 */
export const collecting = Object.freeze({
  NODE_OPTIONS: "--expose-gc --import=data:text/javascript,process.on('SIGUSR2',()=>gc())",
})

/** Has the service collect its garbage, then reads `/metrics`. Throws where it does not answer in time. */
export async function readService({ adminPort, pid }: Observed): Promise<ServiceState> {
  const read = async (path: string) => {
    const signal = AbortSignal.timeout(timeoutMs)
    return await (await fetch(`http://127.0.0.1:${adminPort}${path}`, { signal })).text()
  }
  process.kill(pid, 'SIGUSR2')
  // By the next answer the signal has been heard.
  await read('/livez')
  const lines = (await read('/metrics')).split('\n')
  const sum = (name: string) =>
    lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)
  return {
    grpcConnections: sum('auth_grpc_connections'),
    edgeConnections: sum('auth_edge_connections'),
    calls: sum('auth_grpc_calls'),
    memoryBytes: sum('nodejs_heap_size_used_bytes') + sum('nodejs_external_memory_bytes'),
    refusals: sum('auth_transport_refusals_total'),
  }
}

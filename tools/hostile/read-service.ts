/** What the service says of itself. */
export interface ServiceState {
  readonly grpcConnections: number
  readonly edgeConnections: number
  readonly calls: number
  /** Of JavaScript and of what it holds outside its heap. */
  readonly memoryBytes: number
  readonly refusals: number
}

/** Reads `/metrics`. Throws where it does not answer in time. */
export async function readService(adminPort: number): Promise<ServiceState> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/metrics`, { signal: AbortSignal.timeout(10_000) })
  const lines = (await answer.text()).split('\n')
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

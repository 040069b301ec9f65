import fastify from 'fastify'
import type { Registry } from 'prom-client'
import type { Log } from '../deps.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import { type HttpListener, type ListenAddress, type ListenLimits, listen } from './listen.ts'
import { securityHeaders } from './security-headers.ts'
import { toServerSettings } from './to-server-settings.ts'

/** One thing that must hold before calls are sent here. `detail` is shown to operators. */
export interface ReadinessCheck {
  readonly name: string
  readonly ok: boolean
  readonly detail?: string
}

/** What the admin listener is made of. */
export interface AdminOptions extends ListenLimits {
  readonly listen: ListenAddress
  readonly readiness: () => Promise<readonly ReadinessCheck[]>
  readonly registry: Registry
  readonly logger: Log
}

/** The admin listener. */
export interface AdminListener extends HttpListener {
  /** `/readyz` says 503 from now on, so that no new calls are sent here; `/livez` and `/metrics` go on. */
  beginShutdown(): void
}

const readinessTimeoutMs = 2_000
/** Nothing here takes a body. */
const adminBodyBytes = 1024

/**
 * Listens for operators, probes and Prometheus: `/livez`, `/readyz`, `/metrics`.
 * @throws ListenError where the address is taken.
 */
export async function openAdmin(options: AdminOptions): Promise<AdminListener> {
  const { registry, logger } = options
  const state = { isShuttingDown: false }
  const app = fastify({
    logger: false,
    return503OnClosing: false,
    bodyLimit: adminBodyBytes,
    ...toServerSettings(options.limits),
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', ...securityHeaders })
  })
  app.get('/livez', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    const checks = [...(await readChecks(options)), toShutdownCheck(state.isShuttingDown)]
    const ok = checks.every((check) => check.ok)
    return reply.code(ok ? 200 : 503).send({ ok, checks })
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
  app.setErrorHandler((error, _request, reply) => {
    logger.error({ transport: 'admin', cause: toLogCause(error) }, 'call failed')
    reply.code(500).type('text/plain; charset=utf-8').send('internal error\n')
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).type('text/plain; charset=utf-8').send('/livez, /readyz and /metrics are here\n')
  })
  const beginShutdown = () => {
    state.isShuttingDown = true
  }
  return { ...(await listen(app, options.listen, options)), beginShutdown }
}

function toShutdownCheck(isShuttingDown: boolean): ReadinessCheck {
  return isShuttingDown
    ? { name: 'running', ok: false, detail: 'shutting down' }
    : { name: 'running', ok: true }
}

/** Checks that hang or throw are an answer too: a probe must not wait for its own timeout to learn it. */
async function readChecks({ readiness, logger }: AdminOptions): Promise<readonly ReadinessCheck[]> {
  const late = Promise.withResolvers<readonly ReadinessCheck[]>()
  const detail = `no answer within ${readinessTimeoutMs} ms`
  const timer = setTimeout(() => late.resolve([{ name: 'readiness', ok: false, detail }]), readinessTimeoutMs)
  try {
    return await Promise.race([readiness(), late.promise])
  } catch (error) {
    logger.error({ transport: 'admin', cause: toLogCause(error) }, 'readiness check failed')
    return [{ name: 'readiness', ok: false, detail: 'the check failed, see the log' }]
  } finally {
    clearTimeout(timer)
  }
}

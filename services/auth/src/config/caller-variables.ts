import { z } from 'zod'
import { duration, units } from './formats.ts'
import { isLoopback } from './is-loopback.ts'

/** How other services prove who they are over gRPC, and who may call what. */
export const callerVariables = {
  AUTH_TLS_CERT: z.string().optional(),
  AUTH_TLS_KEY: z.string().optional(),
  AUTH_TLS_CLIENT_CA: z.string().optional(),
  AUTH_TRUST_DOMAIN: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, 'must be the name of a SPIFFE trust domain such as immersiverse')
    .optional(),
  AUTH_CALLERS_FILE: z.string().optional(),
  AUTH_CALLER_ASSERTIONS: z.enum(['true', 'false']).default('false'),
  AUTH_RELOAD_INTERVAL: duration.default(5 * units.s),
}

type CallerSettings = z.infer<z.ZodObject<typeof callerVariables>>

const tlsNames = ['AUTH_TLS_CERT', 'AUTH_TLS_KEY', 'AUTH_TLS_CLIENT_CA'] as const

/** What the settings of callers may not say together, one line each. */
export function findCallerConflicts(
  settings: CallerSettings & { readonly AUTH_GRPC_LISTEN: { readonly host: string } },
): string[] {
  const missing = tlsNames.filter((name) => settings[name] === undefined)
  const hasTls = missing.length === 0
  const faults: string[] = []
  if (!hasTls && missing.length < tlsNames.length) {
    faults.push(...missing.map((name) => `${name}: needed with the other two of ${tlsNames.join(', ')}`))
  }
  if (hasTls && settings.AUTH_CALLERS_FILE === undefined) {
    faults.push('AUTH_CALLERS_FILE: needed with TLS: without it nobody may call')
  }
  const assertions = settings.AUTH_CALLER_ASSERTIONS === 'true'
  if (assertions && settings.AUTH_CALLERS_FILE === undefined) {
    faults.push('AUTH_CALLERS_FILE: needed with AUTH_CALLER_ASSERTIONS: it holds the keys')
  }
  if (assertions && !hasTls && !isLoopback(settings.AUTH_GRPC_LISTEN.host)) {
    faults.push('AUTH_CALLER_ASSERTIONS: needs TLS outside loopback: an assertion can be read on its way')
  }
  if (settings.AUTH_CALLERS_FILE !== undefined && !hasTls && !assertions) {
    faults.push(
      `AUTH_CALLERS_FILE: needs ${tlsNames.join(', ')}, or AUTH_CALLER_ASSERTIONS=true: callers cannot be told apart`,
    )
  }
  if (settings.AUTH_RELOAD_INTERVAL < 10 || settings.AUTH_RELOAD_INTERVAL > units.h) {
    faults.push('AUTH_RELOAD_INTERVAL: must be 10ms to 1h')
  }
  return faults
}

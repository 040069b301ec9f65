export type { HttpGuardOptions } from './http-parts.ts'
export type { Middleware } from './make-express-middleware.ts'
export type { FetchGuardOptions, FetchHandler } from './make-fetch-guard.ts'

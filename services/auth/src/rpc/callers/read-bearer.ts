import type { Metadata } from '@grpc/grpc-js'

const bearer = /^Bearer ([A-Za-z0-9_.-]{1,8192})$/i

/** The bearer value of a call's `authorization`, the first where there are two; undefined where there is none. */
export function readBearer(metadata: Metadata): string | undefined {
  const [value] = metadata.get('authorization')
  return typeof value === 'string' ? bearer.exec(value)?.[1] : undefined
}

import type { Metadata } from '@grpc/grpc-js'

const bearer = /^Bearer ([A-Za-z0-9_.-]{1,8192})$/i

/** The bearer value of a call's one `authorization`; undefined where there is none, or two. */
export function readBearer(metadata: Metadata): string | undefined {
  const values = metadata.get('authorization')
  const [value] = values
  return values.length === 1 && typeof value === 'string' ? bearer.exec(value)?.[1] : undefined
}

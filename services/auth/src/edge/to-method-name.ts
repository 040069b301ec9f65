import type { DescMethod } from '@bufbuild/protobuf'

/** The full name of a method, such as `auth.v1.AuthService/Login`. */
export function toMethodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`
}

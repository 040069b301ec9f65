import { create } from '@bufbuild/protobuf'
import { type HttpRule, HttpRuleSchema } from '@immersiverse/auth-contract'

/** A `google.api.http` rule as a proto would say it. */
export function toHttpRule(
  verb: 'get' | 'put' | 'post' | 'delete' | 'patch',
  value: string,
  body = '',
): HttpRule {
  return create(HttpRuleSchema, { pattern: { case: verb, value }, body })
}

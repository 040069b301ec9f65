import type { DescField, DescMethodUnary } from '@bufbuild/protobuf'
import type { HttpRule } from '@immersiverse/auth-contract'
import { findFieldPath, toFieldName } from './find-field-path.ts'

/** An HTTP method that a `google.api.http` rule can name. */
export type HttpVerb = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH'

/** A variable of a path template: the router's parameter and the request field it sets. */
export interface PathVariable {
  readonly parameter: string
  readonly path: readonly [DescField, ...DescField[]]
}

/** How a unary method is reached over HTTP. */
export interface Route {
  readonly method: DescMethodUnary
  readonly verb: HttpVerb
  /** The path in the router's syntax. Parameters are `p0`, `p1`, … so that templates of one shape are one path. */
  readonly url: string
  /** The path as the rule has it, such as `/v1/users/{user_id}`. */
  readonly template: string
  readonly variables: readonly PathVariable[]
  /** What the HTTP body holds: the whole request, one field of it, or nothing. */
  readonly body: 'request' | DescField | undefined
}

const verbs = Object.freeze({
  get: 'GET',
  put: 'PUT',
  post: 'POST',
  delete: 'DELETE',
  patch: 'PATCH',
} as const)

const variableSegment = /^\{([\w.]+)(?:=\*)?\}$/
const literalSegment = /^[\w.~-]+$/
const customVerb = /:([\w.~-]+)$/

/**
 * The route of one HTTP rule, without its additional bindings (`google/api/http.proto`). Of path templates it takes literals, variables
 * of one segment and a custom verb.
 * @throws Error for a rule that this edge cannot serve.
 */
export function toRoute(method: DescMethodUnary, rule: HttpRule): Route {
  const { pattern } = rule
  const refuse = (why: string) => new Error(`${method.parent.typeName}/${method.name}: ${why}`)
  if (pattern.case === undefined || pattern.case === 'custom')
    throw refuse('no HTTP method that the edge serves')
  if (rule.responseBody !== '') throw refuse('response_body is not supported')
  const template = pattern.value
  const verb = customVerb.exec(template)?.[1]
  const path = verb === undefined ? template : template.slice(0, -verb.length - 1)
  const [root, ...segments] = path.split('/')
  if (root !== '' || segments.length === 0) throw refuse(`${template} does not begin with "/"`)
  const variables: PathVariable[] = []
  const urlSegments = segments.map((segment, at) => {
    if (literalSegment.test(segment)) return segment
    const name = variableSegment.exec(segment)?.[1]
    if (name === undefined) throw refuse(`${segment} in ${template} is not supported`)
    const parameter = `p${variables.length}`
    variables.push({ parameter, path: toVariablePath(method, name, refuse) })
    // A plain parameter would take the custom verb in.
    return `:${parameter}${verb !== undefined && at === segments.length - 1 ? '([^:/]+)' : ''}`
  })
  const url = `/${urlSegments.join('/')}${verb === undefined ? '' : `::${verb}`}`
  return {
    method,
    verb: verbs[pattern.case],
    url,
    template,
    variables,
    body: toBody(method, rule.body, refuse),
  }
}

type Refuse = (why: string) => Error

function toVariablePath(method: DescMethodUnary, name: string, refuse: Refuse): PathVariable['path'] {
  const path = findFieldPath(method.input, name)
  if (path?.at(-1)?.fieldKind !== 'scalar') throw refuse(`{${name}} is no single field of a primitive type`)
  return path
}

function toBody(method: DescMethodUnary, body: string, refuse: Refuse): Route['body'] {
  if (body === '*') return 'request'
  if (body === '') return undefined
  const field = method.input.fields.find(({ name }) => name === body)
  if (field === undefined) throw refuse(`body: ${body} is no field of ${method.input.typeName}`)
  return field
}

/** The variable that sets a field, such as `user_id`, or undefined. */
export function findVariable(route: Route, fieldName: string): PathVariable | undefined {
  return route.variables.find(({ path }) => toFieldName(path) === fieldName)
}

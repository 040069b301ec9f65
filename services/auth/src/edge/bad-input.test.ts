import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { AuthService, bounds, ErrorReason, UserService } from '@immersiverse/auth-contract'
import { openTestAuth, type TestAuth } from '../../test/open-test-auth.ts'
import { makeAuthService } from '../rpc/auth-service.ts'
import { makeUserService } from '../rpc/user-service.ts'
import { type EdgeRoute, listRoutes } from './list-routes.ts'
import { makeEdge } from './make-edge.ts'
import { makeMetrics } from './metrics.ts'
import { type LogLine, makeTestLog, testLimits } from './test/make-test-edge.ts'

const json = { 'content-type': 'application/json' }
const secret = 'Tr0ub4dor&3-s3cret'

interface BadInput {
  readonly name: string
  readonly payload?: string | Buffer
  readonly headers?: Record<string, string>
  readonly query?: string
  /** The answer's status; without it any from 400 to 499, or 200 for what the method takes. */
  readonly status?: number
}

/** Values that no field of a kind takes. */
function toWrongValues(field: DescField): unknown[] {
  if (field.fieldKind === 'list') return [{}, 'x', [{}], [null]]
  if (field.fieldKind === 'message') return [1, 'x', [], { [secret]: 1 }]
  if (field.fieldKind === 'enum') return ['NO_SUCH_VALUE', {}, 1.5, true]
  if (field.scalar === ScalarType.STRING) return [1, true, {}, ['x'], '\ud800']
  if (field.scalar === ScalarType.BOOL) return ['true', 1, {}]
  return ['x', {}, '99999999999999999999', 1.5]
}

/** Values of the right kind that no one means. */
function toOddValues(field: DescField): unknown[] {
  if (field.fieldKind === 'enum') return [0, 99, -1]
  if (field.fieldKind === 'list') return [Array.from({ length: 5000 }, () => 'x'), ['\u0000']]
  if (field.fieldKind === 'message') return [{}]
  if (field.scalar === ScalarType.STRING)
    return ['', '\u0000', '\u202e\ufffd', 'x'.repeat(60_000), "' or 1=1 --", '%']
  if (field.scalar === ScalarType.BOOL) return [true, false]
  return ['-9223372036854775808', '9223372036854775807', 0]
}

function listFieldBodies(message: DescMessage): BadInput[] {
  return message.fields.flatMap((field): BadInput[] => [
    ...toWrongValues(field).map((value) => ({
      name: `${field.name} = ${JSON.stringify(value)}`,
      payload: JSON.stringify({ [field.jsonName]: value }),
      status: 400,
    })),
    ...toOddValues(field).map((value) => ({
      name: `${field.name} = ${JSON.stringify(value).slice(0, 40)}`,
      payload: JSON.stringify({ [field.jsonName]: value }),
    })),
  ])
}

function listBodies(message: DescMessage): BadInput[] {
  const nesting = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
  const bodies: BadInput[] = [
    { name: 'null', payload: 'null', status: 400 },
    { name: 'an array', payload: '[]', status: 400 },
    { name: 'text', payload: `"${secret}"`, status: 400 },
    { name: 'half an object', payload: `{"password":"${secret}"`, status: 400 },
    { name: 'two objects', payload: '{}{}', status: 400 },
    { name: 'an unknown field', payload: `{"nonsense":"${secret}"}`, status: 400 },
    { name: '__proto__', payload: '{"__proto__":{"userId":"x"}}', status: 400 },
    { name: 'an extension', payload: '{"[auth.v1.edge_access]":1}', status: 400 },
    { name: 'a repeated name', payload: '{"x":1,"x":1}', status: 400 },
    { name: 'deep nesting', payload: nesting, status: 400 },
    { name: 'invalid UTF-8', payload: Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), status: 400 },
    { name: 'UTF-16', payload: Buffer.from('\ufeff{}', 'utf16le'), status: 400 },
    { name: 'another type', payload: '{}', headers: { 'content-type': 'text/plain' }, status: 415 },
    {
      name: 'a form',
      payload: 'a=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 415,
    },
    { name: 'no type', payload: '{}', headers: { 'content-type': '' }, status: 415 },
    {
      name: 'protobuf',
      payload: Buffer.of(0xff),
      headers: { 'content-type': 'application/grpc' },
      status: 415,
    },
    { name: 'too many bytes', payload: `{"x":"${'x'.repeat(bounds.messageBytes)}"}`, status: 413 },
  ]
  return [{ name: 'no body' }, { name: 'an empty body', payload: '' }, ...bodies, ...listFieldBodies(message)]
}

function listQueries(message: DescMessage): BadInput[] {
  const fields = message.fields.flatMap((field) =>
    ['', 'x', '%00', '%ff', '-1', '99999999999999999999', '{}'].map((value) => `${field.name}=${value}`),
  )
  const rest = [
    'nonsense=1',
    '__proto__=1',
    '__proto__.x=1',
    'constructor.prototype=1',
    '=',
    '%',
    'a=%',
    '&&',
    '?',
  ]
  return [...fields, ...rest].map((query) => ({ name: `?${query}`, query }))
}

async function openEdge() {
  const auth: TestAuth = await openTestAuth()
  const lines: LogLine[] = []
  const { deps } = auth
  const app = makeEdge({
    deps,
    services: [
      [AuthService, makeAuthService(deps)],
      [UserService, makeUserService(deps)],
    ],
    logger: makeTestLog(lines),
    metrics: makeMetrics(),
    limits: testLimits,
    origins: [],
  })
  return { auth, app, lines }
}

/** A person for each call: some odd requests change or delete the account. */
async function send(
  edge: Awaited<ReturnType<typeof openEdge>>,
  route: EdgeRoute,
  input: BadInput,
  login: Login,
) {
  const person = await login()
  const url = route.url.replace(':p0', person.id).replaceAll('::', ':')
  return await edge.app.inject({
    method: route.verb,
    url: input.query === undefined ? url : `${url}?${input.query}`,
    headers: { authorization: `Bearer ${person.token}`, ...json, ...input.headers },
    ...(input.payload === undefined ? {} : { payload: input.payload }),
  })
}

type Login = () => Promise<{ id: string; token: string }>

/** Logs someone in, and again when their token has ended. */
function makeLogin(auth: TestAuth): Login {
  let last: { id: string; token: string } | undefined
  return async () => {
    const { valid } = last ? await auth.auth.validateToken({ accessToken: last.token }) : { valid: false }
    if (last !== undefined && valid) return last
    const person = await auth.signUp()
    last = { id: person.id, token: (await auth.logIn(person)).accessToken }
    return last
  }
}

describe('bad input', () => {
  const reasons = new Set(Object.keys(ErrorReason))
  let edge: Awaited<ReturnType<typeof openEdge>>
  before(async () => {
    edge = await openEdge()
  })
  after(() => edge.auth.close())

  for (const route of listRoutes([AuthService, UserService])) {
    test(`${route.verb} ${route.url} answers each with a documented problem, and never with a fault`, async (t) => {
      const login = makeLogin(edge.auth)
      const bodies = route.body ? listBodies(route.method.input) : []
      const inputs = [...bodies, ...listQueries(route.method.input)]
      for (const input of inputs) {
        const answer = await send(edge, route, input, login)
        const at = `${input.name}: ${answer.statusCode} ${answer.body.slice(0, 300)}`
        assert.ok(!answer.body.includes(secret), `${at} quotes a secret`)
        assert.ok(answer.statusCode < 500, at)
        if (input.status !== undefined) assert.equal(answer.statusCode, input.status, at)
        if (answer.statusCode === 200) continue
        assert.equal(answer.headers['content-type'], 'application/problem+json', at)
        const problem = answer.json()
        assert.ok(reasons.has(problem.reason) && problem.reason !== 'INTERNAL', at)
        assert.equal(problem.status, answer.statusCode, at)
        assert.notEqual(problem.detail, '', at)
      }
      assert.ok(!JSON.stringify(edge.lines).includes(secret), 'the log quotes a secret')
      t.diagnostic(`${inputs.length} inputs`)
    })
  }
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { listCallableMethods } from './list-callable-methods.ts'

const methods = listCallableMethods()

it('every service of the contract and both reflections can be called, and nothing else', () => {
  const services = new Set([...methods.keys()].map((name) => name.slice(0, name.indexOf('/'))))
  assert.deepEqual([...services].sort(), [
    'auth.v1.AuditService',
    'auth.v1.AuthService',
    'auth.v1.EventService',
    'auth.v1.PlatformAccountService',
    'auth.v1.UserService',
    'grpc.reflection.v1.ServerReflection',
    'grpc.reflection.v1alpha.ServerReflection',
  ])
})

it('a method has the fields that a request may leave out, by their proto names', () => {
  const fieldsOf = (name: string) => [...(methods.get(name) ?? ['there is no such method'])].sort()
  assert.deepEqual(fieldsOf('auth.v1.UserService/UpdateUser'), [
    'display_name',
    'email',
    'password',
    'roles',
    'status',
    'subscription_tier',
  ])
  assert.deepEqual(fieldsOf('auth.v1.UserService/GetUser'), ['email', 'user_id', 'username'])
  assert.deepEqual(fieldsOf('auth.v1.UserService/DeleteUser'), [])
  assert.deepEqual(fieldsOf('grpc.reflection.v1.ServerReflection/ServerReflectionInfo'), [])
  assert.deepEqual(fieldsOf('grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo'), [])
})

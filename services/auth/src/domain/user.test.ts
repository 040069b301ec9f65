import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { UserId } from './ids.ts'
import { type Account, findEffectiveChanges, toChangedFields, toRevocationEffect } from './user.ts'

const account: Account = {
  id: '00000000-0000-7000-8000-000000000002' as UserId,
  username: 'mina',
  email: 'mina@example.com',
  displayName: 'Mina',
  status: 'ACTIVE',
  roles: ['a', 'b'],
  subscriptionTier: 'FREE',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  lastLoginAt: undefined,
  version: 3,
  passwordHash: 'hash',
  passwordVersion: 1,
  tokenVersion: 1,
}

it('keeps only what changes something; roles are a set', () => {
  const changes = findEffectiveChanges(account, {
    displayName: 'Mina',
    roles: ['b', 'a'],
    subscriptionTier: 'PREMIUM',
  })
  assert.deepEqual(changes, { subscriptionTier: 'PREMIUM' })
})

it('revokes as protocols.md §0 has it', () => {
  const nothing = { reason: undefined, endsSessions: false }
  assert.deepEqual(toRevocationEffect({ subscriptionTier: 'X', email: 'a@b.c', displayName: 'n' }), nothing)
  assert.deepEqual(toRevocationEffect({ status: 'ACTIVE' }), nothing)
  assert.deepEqual(toRevocationEffect({ roles: [] }), { reason: 'ROLES_CHANGED', endsSessions: false })
  const suspended = { reason: 'USER_SUSPENDED', endsSessions: true }
  assert.deepEqual(toRevocationEffect({ status: 'SUSPENDED' }), suspended)
  const password = { reason: 'PASSWORD_CHANGED', endsSessions: true }
  assert.deepEqual(toRevocationEffect({ passwordHash: 'new' }), password)
})

it('names changed fields as the contract does, and a password by name only', () => {
  assert.deepEqual(toChangedFields({ displayName: 'x', passwordHash: 'secret' }), [
    'display_name',
    'password',
  ])
})

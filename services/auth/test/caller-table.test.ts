import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { readExamplePolicy } from '../../../tools/callers/generate-caller-table.ts'
import { listCallableMethods } from '../src/security/callers/list-callable-methods.ts'
import { type Ending, knock } from './knock.ts'
import { type MtlsAuth, openMtlsAuth } from './open-mtls-auth.ts'

const domain = 'spiffe://immersiverse/ns/prod/sa'
const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }
const unknown = { code: 'UNAUTHENTICATED', reason: 'CALLER_NOT_AUTHENTICATED' }
const methods = [...listCallableMethods().keys()]

describe('the table caller × method', async () => {
  let world: MtlsAuth
  const policy = await readExamplePolicy()

  before(async () => {
    const callers = await readFile(new URL('../callers.example.yaml', import.meta.url), 'utf8')
    world = await openMtlsAuth({ callers })
  })
  after(() => world[Symbol.asyncDispose]())

  const knockEverywhere = async (uris: readonly string[]): Promise<ReadonlyMap<string, Ending>> => {
    const client = world.connect(world.authority.issue({ name: 'a caller', uris }))
    const endings = new Map<string, Ending>()
    for (const method of methods) endings.set(method, await knock(client, method))
    return endings
  }

  for (const { id, grants } of policy.values()) {
    it(`holds for ${id}`, async () => {
      for (const [method, ending] of await knockEverywhere([id])) {
        if (grants.has(method)) assert.notDeepEqual(ending, denied, method)
        else assert.deepEqual(ending, denied, method)
        if (grants.has(method) && method.startsWith('auth.')) {
          assert.deepEqual(ending, { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }, method)
        }
      }
    })
  }

  it('has no cell for a caller who is not listed', async () => {
    for (const [method, ending] of await knockEverywhere([`${domain}/stranger`])) {
      assert.deepEqual(ending, denied, method)
    }
  })

  it('has no cell for whom a certificate does not name', async () => {
    for (const uris of [[], [`${domain}/gateway`, `${domain}/operations`]]) {
      for (const [method, ending] of await knockEverywhere(uris)) assert.deepEqual(ending, unknown, method)
    }
  })
})

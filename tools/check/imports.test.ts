import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { rootFolder } from '../process/root-folder.ts'
import { checkImports } from './imports.ts'

const manifests = {
  'packages/contract/package.json': {
    name: '@immersiverse/auth-contract',
    exports: { '.': './src/index.ts' },
  },
  'packages/client/package.json': {
    name: '@immersiverse/auth-client',
    exports: { '.': './src/index.ts', './verifier': './src/verifier/index.ts' },
    dependencies: { jose: '6.0.0', '@immersiverse/auth-contract': '0.1.0' },
  },
  'services/auth/package.json': {
    name: '@immersiverse/auth-service',
    dependencies: {
      pg: '8.0.0',
      '@immersiverse/auth-client': '0.1.0',
      '@immersiverse/auth-contract': '0.1.0',
    },
  },
  'examples/chat/package.json': { name: 'chat', dependencies: { '@immersiverse/auth-client': '0.1.0' } },
}

const service = 'services/auth/src'

/** File, what it imports and how the complaint ends; undefined when there is to be none. */
const cases: readonly (readonly [file: string, statement: string, complaint: string | undefined])[] = [
  [`${service}/rpc/a.ts`, `import { x } from '../use-cases/login.ts'`, undefined],
  [`${service}/rpc/a.ts`, `import type { Deps } from '../deps.ts'`, undefined],
  [`${service}/rpc/a.ts`, `import { x } from '../store/users.ts'`, 'rpc must not import store'],
  [`${service}/rpc/a.ts`, `import { x } from '../edge/errors.ts'`, 'rpc must not import edge'],
  [`${service}/edge/a.ts`, `import { x } from '../rpc/errors.ts'`, undefined],
  [
    `${service}/edge/a.ts`,
    `import type { x } from '../security/passwords.ts'`,
    'edge must not import security',
  ],
  [`${service}/use-cases/a.ts`, `import { x } from '../store/users.ts'`, undefined],
  [`${service}/use-cases/a.ts`, `export * from '../rpc/errors.ts'`, 'use-cases must not import rpc'],
  [`${service}/use-cases/a.ts`, `import { x } from '../events/relay.ts'`, 'use-cases must not import events'],
  [`${service}/store/a.ts`, `import '../security/seal.ts'`, 'store must not import security'],
  [
    `${service}/store/a.ts`,
    `import {\n  x,\n  y,\n} from '../events/relay.ts'`,
    'store must not import events',
  ],
  [
    `${service}/security/a.ts`,
    `const x = await import('../use-cases/login.ts')`,
    'security must not import use-cases',
  ],
  [`${service}/domain/a.ts`, `import { x } from '../store/users.ts'`, 'domain must not import store'],
  [`${service}/domain/a.ts`, `import { randomUUID } from 'node:crypto'`, 'domain must not import Node'],
  [`${service}/domain/a.ts`, `import pg from 'pg'`, 'domain must not import packages from outside'],
  [`${service}/deps.ts`, `import type { x } from './store/users.ts'`, undefined],
  [`${service}/deps.ts`, `import { x } from './store/users.ts'`, 'deps imports types only'],
  [`${service}/compose.ts`, `import { x } from './events/relay.ts'`, undefined],
  [`${service}/compose/a.ts`, `import { x } from '../store/users.ts'`, undefined],
  [`${service}/main.ts`, `import { x } from './store/users.ts'`, 'main must not import store'],
  [`${service}/rpc/a.ts`, `import { x } from '../compose.ts'`, 'rpc must not import compose'],
  [`${service}/stuff/a.ts`, `import { x } from '../domain/user.ts'`, 'stuff is no room of the service'],
  [
    `${service}/rpc/a.ts`,
    `import { x } from '../../../../packages/client/src/index.ts'`,
    'must not reach out of its folder',
  ],
  [`${service}/rpc/a.ts`, `import { x } from '@immersiverse/auth-contract'`, undefined],
  [`${service}/rpc/a.ts`, `import { x } from '@immersiverse/auth-client/verifier'`, undefined],
  [
    `${service}/rpc/a.ts`,
    `import { x } from '@immersiverse/auth-client'`,
    'the service imports no more than',
  ],
  [`${service}/store/a.ts`, `import pg from 'pg'`, undefined],
  [`${service}/store/a.ts`, `import { x } from 'kysely'`, 'services/auth does not depend on kysely'],
  [
    'packages/client/src/a.ts',
    `import { x } from '@immersiverse/auth-service'`,
    'must not import the service',
  ],
  [
    'packages/client/src/a.ts',
    `import { x } from '../../../services/auth/src/a.ts'`,
    'must not reach out of its folder',
  ],
  [
    'packages/client/src/a.ts',
    `import { x } from '@immersiverse/auth-contract/src/index.ts'`,
    'does not export ./src/index.ts',
  ],
  ['packages/client/src/a.ts', `import { x } from 'chat'`, 'must not import an example'],
  ['packages/client/src/a.ts', `import { jwtVerify } from 'jose'`, undefined],
  [
    'packages/contract/src/a.ts',
    `import { x } from '@immersiverse/auth-client'`,
    'does not depend on @immersiverse/auth-client',
  ],
  ['examples/chat/main.ts', `import { x } from '@immersiverse/auth-client'`, undefined],
  [
    'examples/chat/main.ts',
    `import { x } from '../../services/auth/src/main.ts'`,
    'must not reach out of its folder',
  ],
  ['examples/chat/main.ts', `import { x } from '@immersiverse/auth-client/src/index.ts'`, 'does not export'],
]

for (const [file, statement, complaint] of cases) {
  const verdict = complaint === undefined ? 'allowed' : complaint
  test(`${file}: ${statement.replaceAll(/\s+/g, ' ')}: ${verdict}`, async (t) => {
    const texts = Object.entries(manifests).map(([path, manifest]) => [path, JSON.stringify(manifest)])
    const root = await makeFolder(t, {
      ...Object.fromEntries(texts),
      [file]: `/**\n * import x from '../no'\n */\n${statement}\n`,
    })
    const found = await checkImports(root)
    assert.equal(found.length, complaint === undefined ? 0 : 1, found.join('\n'))
    if (complaint !== undefined) assert.ok(found[0]?.includes(complaint), found[0])
    if (complaint !== undefined) assert.ok(found[0]?.startsWith(`${file}:`), found[0])
  })
}

test('tests may import whatever they put to the test', async (t) => {
  const root = await makeFolder(t, {
    'services/auth/package.json': JSON.stringify(manifests['services/auth/package.json']),
    'services/auth/src/rpc/a.test.ts': `import { x } from '../store/users.ts'\n`,
    'services/auth/test/b.ts': `import { x } from '../../../tools/parts/test-database.ts'\n`,
    'services/auth/src/events/testing.ts': `import { x } from '../rpc/errors.ts'\n`,
  })
  assert.deepEqual(await checkImports(root), [])
})

test('the checker reads this repository’s imports at all', async () => {
  const { listWorkspaces } = await import('./list-workspaces.ts')
  const names = (await listWorkspaces(rootFolder)).map(({ name }) => name)
  assert.ok(
    names.includes('@immersiverse/auth-contract') && names.includes('@immersiverse/auth-service'),
    `${names}`,
  )
})

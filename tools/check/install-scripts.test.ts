import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../process/root-folder.ts'
import { checkInstallScripts, judgePackages } from './install-scripts.ts'

const named = {
  'node_modules/@bufbuild/buf': { integrity: 'sha512-a', hasInstallScript: true },
  'node_modules/protobufjs': { integrity: 'sha512-b', hasInstallScript: true },
}

test('this repository runs no install script and has looked at those that there are', async () => {
  assert.deepEqual(await checkInstallScripts(rootFolder), [])
})

test('a new install script, a package without a hash and a name that is not needed are found', () => {
  const packages = {
    ...named,
    '': {},
    'services/auth': {},
    'node_modules/@immersiverse/auth-service': { link: true },
    'node_modules/a/node_modules/sneaky': { integrity: 'sha512-c', hasInstallScript: true },
    'node_modules/loose': {},
  }
  assert.deepEqual(
    judgePackages(packages).map((fault) => fault.split(':')[0]),
    ['node_modules/a/node_modules/sneaky', 'node_modules/loose'],
  )
  const { 'node_modules/protobufjs': _gone, ...rest } = named
  assert.deepEqual(judgePackages(rest), ['protobufjs: has no install script any more; take it from the list'])
})

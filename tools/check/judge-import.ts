import { isBuiltin } from 'node:module'
import { dirname, posix } from 'node:path'
import type { Workspace } from './list-workspaces.ts'
import type { ImportLine } from './read-imports.ts'
import { judgeServiceImport } from './service-rules.ts'

const serviceSource = 'services/auth/src/'

/** The packages of this repository that the service may import, and by which door. */
const serviceDoors = ['@immersiverse/auth-contract', '@immersiverse/auth-client/verifier']

/** Why the file at `path`, in `home`, may not import as it does, or undefined when it may. */
export function judgeImport(
  path: string,
  { specifier, typeOnly }: ImportLine,
  home: Workspace,
  workspaces: readonly Workspace[],
): string | undefined {
  if (specifier.startsWith('.')) return judgeRelative(path, specifier, typeOnly, home)
  const isDomain = path.startsWith(`${serviceSource}domain/`)
  if (isBuiltin(specifier)) return isDomain ? 'domain must not import Node' : undefined
  const name = toPackageName(specifier)
  const target = workspaces.find((workspace) => workspace.name === name)
  if (target !== undefined) return judgeWorkspaceImport(specifier, home, target)
  if (isDomain && !typeOnly) return 'domain must not import packages from outside'
  return home.name === name || home.dependencies.includes(name)
    ? undefined
    : `${home.folder} does not depend on ${name}`
}

function judgeRelative(
  path: string,
  specifier: string,
  typeOnly: boolean,
  home: Workspace,
): string | undefined {
  const target = posix.normalize(posix.join(dirname(path), specifier))
  if (!target.startsWith(`${home.folder}/`)) return `${home.folder} must not reach out of its folder`
  if (!path.startsWith(serviceSource)) return undefined
  if (!target.startsWith(serviceSource)) return 'the service must not import what is not its source'
  return judgeServiceImport(path.slice(serviceSource.length), target.slice(serviceSource.length), typeOnly)
}

function judgeWorkspaceImport(specifier: string, home: Workspace, target: Workspace): string | undefined {
  const kind = (workspace: Workspace) => workspace.folder.split('/')[0]
  if (kind(target) === 'services') return `${home.folder} must not import the service`
  if (kind(target) === 'examples' && kind(home) !== 'examples')
    return `${home.folder} must not import an example`
  const subpath = specifier === target.name ? '.' : `.${specifier.slice(target.name.length)}`
  if (!target.exports.includes(subpath)) return `${target.name} does not export ${subpath}`
  if (kind(home) === 'services' && !serviceDoors.includes(specifier)) {
    return `the service imports no more than ${serviceDoors.join(' and ')}`
  }
  if (home !== target && !home.dependencies.includes(target.name))
    return `${home.folder} does not depend on ${target.name}`
  return undefined
}

function toPackageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from '../process/list-files.ts'

/** A workspace of the repository, as its package.json describes it. */
export interface Workspace {
  /** Below the root, such as `packages/client`. */
  readonly folder: string
  readonly name: string
  /** What it can be imported by: `.` and its subpaths. */
  readonly exports: readonly string[]
  /** Packages it says it needs at run time. */
  readonly dependencies: readonly string[]
  readonly isPrivate: boolean
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: string | Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The workspaces in `packages/`, `services/` and `examples/` below `root`. */
export async function listWorkspaces(root: string): Promise<Workspace[]> {
  const folders = await Promise.all(
    ['packages', 'services', 'examples'].map((folder) => listFiles(root, folder)),
  )
  const manifests = folders.flat().filter((file) => /^[^/]+\/[^/]+\/package\.json$/.test(file))
  return await Promise.all(manifests.map((file) => readWorkspace(root, file)))
}

async function readWorkspace(root: string, file: string): Promise<Workspace> {
  const manifest = JSON.parse(await readFile(join(root, file), 'utf8')) as Manifest
  const { exports = {} } = manifest
  return {
    folder: file.slice(0, file.lastIndexOf('/')),
    name: manifest.name,
    exports: typeof exports === 'string' ? ['.'] : Object.keys(exports),
    dependencies: [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies].flatMap(
      (kind) => Object.keys(kind ?? {}),
    ),
    isPrivate: manifest.private === true,
  }
}

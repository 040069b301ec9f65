import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listWorkspaces, type Workspace } from '../check/list-workspaces.ts'
import { rootFolder } from '../process/root-folder.ts'
import { runNpmBinary } from '../process/run-npm-binary.ts'

/** Builds `dist/` of everything in `packages/`, each after what it depends on. Throws what the compiler says. */
export async function buildPackages(): Promise<readonly Workspace[]> {
  const workspaces = await listWorkspaces(rootFolder)
  const packages = inBuildOrder(workspaces.filter(({ folder }) => folder.startsWith('packages/')))
  for (const workspace of packages) await buildPackage(workspace)
  return packages
}

async function buildPackage({ folder }: Workspace): Promise<void> {
  const [source, output] = [join(rootFolder, folder, 'src'), join(rootFolder, folder, 'dist')]
  await rm(output, { recursive: true, force: true })
  const { code, output: said } = await runNpmBinary('typescript', 'tsc', [
    '-p',
    `${folder}/tsconfig.build.json`,
  ])
  if (code !== 0) throw new Error(`${folder} does not compile\n${said.trim()}`)
  // The compiler reads generated JavaScript by its declarations and leaves both where they are.
  await cp(join(source, 'gen'), join(output, 'gen'), { recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    },
  )
}

function inBuildOrder(packages: readonly Workspace[]): Workspace[] {
  const ordered: Workspace[] = []
  const visit = (workspace: Workspace): void => {
    if (ordered.includes(workspace)) return
    for (const other of packages) if (workspace.dependencies.includes(other.name)) visit(other)
    ordered.push(workspace)
  }
  for (const workspace of packages) visit(workspace)
  return ordered
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The paths, below `root`, of the folders that hold a package.json: '' for the root, then each workspace's. */
export function listManifests(root) {
  const { workspaces = [] } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const folders = workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern]
    const parent = pattern.slice(0, -2)
    return existsSync(join(root, parent))
      ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`)
      : []
  })
  return ['', ...folders.sort()].filter((folder) => existsSync(join(root, folder, 'package.json')))
}

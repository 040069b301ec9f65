import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { listManifests } from './list-manifests.mjs'

const dependencyKinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

/**
 * Whether `node_modules` below `root` already is what package-lock.json says, by npm's own record of what it
 * installed: after `npm install` there is nothing left to do.
 */
export function isInstalled(root) {
  const wanted = readPackages(root, 'package-lock.json')
  const present = readPackages(root, 'node_modules/.package-lock.json')
  if (wanted === undefined || present === undefined) return false
  const folders = listManifests(root)
  return folders.every((folder) => isLocked(root, folder, wanted)) && holds(present, wanted)
}

function readPackages(root, path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8')).packages
  } catch {
    return undefined
  }
}

function isLocked(root, folder, wanted) {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return dependencyKinds.every((kind) =>
    isDeepStrictEqual(manifest[kind] ?? {}, wanted[folder]?.[kind] ?? {}),
  )
}

function holds(present, wanted) {
  const paths = Object.keys(wanted).filter((path) => /(^|\/)node_modules\//.test(path))
  if (Object.keys(present).some((path) => path !== '' && wanted[path] === undefined)) return false
  return paths.every((path) => {
    const entry = wanted[path]
    const installed = present[path]
    if (installed === undefined) return entry.optional === true && !suits(entry)
    return installed.version === entry.version && installed.integrity === entry.integrity
  })
}

// A package for one libc only may be absent on any Linux: npm does not record which one it found.
function suits({ os, cpu, libc }) {
  return (
    libc === undefined && (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true)
  )
}

import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'

/** npm's package per platform that carries buf's binary; buf's own download script stays off. */
const bufPackages: Readonly<Record<string, string>> = Object.freeze({
  'linux-x64': '@bufbuild/buf-linux-x64',
  'linux-arm64': '@bufbuild/buf-linux-aarch64',
  'darwin-x64': '@bufbuild/buf-darwin-x64',
  'darwin-arm64': '@bufbuild/buf-darwin-arm64',
})

/** The path of buf's executable for this platform. Throws when npm has none installed. */
export function bufBinary(): string {
  const key = `${platform()}-${arch()}`
  const name = bufPackages[key]
  if (name === undefined) throw new Error(`buf has no npm package for ${key}`)
  return createRequire(import.meta.url).resolve(`${name}/bin/buf`)
}

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const pages = ['docs/configuration.md', 'docs/configuration.ko.md']
const source = 'services/auth/src'

/** Variables that the service reads and the pages on configuration do not have, and the other way round. */
export async function checkConfigurationPage(root: string): Promise<string[]> {
  const read = (path: string) => readFile(join(root, path), 'utf8')
  const names = (await readdir(join(root, source, 'config'))).filter((name) => !name.endsWith('.test.ts'))
  const sources = ['config.ts', ...names.map((name) => `config/${name}`)]
  const variables = listVariables(await Promise.all(sources.map((path) => read(`${source}/${path}`))))
  const faults = await Promise.all(
    pages.map(async (page) =>
      compareVariables(variables, await read(page)).map((fault) => `${page}: ${fault}`),
    ),
  )
  return faults.flat()
}

/** The variables of the schemas in `sources`, and of each platform as `PLATFORM_<NAME>_…`. */
export function listVariables(sources: readonly string[]): string[] {
  const text = sources.join('\n')
  const schema = [...text.matchAll(/^ {2}([A-Z][A-Z0-9]*_[A-Z0-9_]+):/gm)].map(([, name = '']) => name)
  const [, ofPlatform = ''] = /^const settings = \[(.*?)^\]/ms.exec(text) ?? []
  const settings = [...ofPlatform.matchAll(/'([A-Z_]+)'/g)].map(([, name]) => `PLATFORM_<NAME>_${name}`)
  return [...new Set([...schema, ...settings])]
}

/** What of `variables` no row of `page` begins with, and what a row begins with and is no variable. */
export function compareVariables(variables: readonly string[], page: string): string[] {
  const cells = page.split('\n').map((line) => /^\|([^|]*)\|/.exec(line)?.[1] ?? '')
  const described = cells.flatMap((cell) =>
    [...cell.matchAll(/`([A-Z][A-Z0-9_<>]+)`/g)].map(([, name = '']) => name),
  )
  return [
    ...variables.filter((name) => !described.includes(name)).map((name) => `${name}: is missing`),
    ...described
      .filter((name) => !variables.includes(name))
      .map((name) => `${name}: the service reads no such variable`),
  ]
}

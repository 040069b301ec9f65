import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { listBreaks } from '../async-api/list-breaks.ts'
import { rootFolder } from '../process/root-folder.ts'

const presentEvents = 'asyncapi.yaml'

/** The topics and events as they were accepted last; only `npm run contract:accept` writes it. */
export const releasedEvents = 'asyncapi.released.yaml'

/** What the present `asyncapi.yaml` breaks for readers of the released one, one line each; before the first release nothing. */
export async function checkReleasedEvents(root = rootFolder): Promise<string[]> {
  const released = await readFile(join(root, releasedEvents), 'utf8').catch(() => undefined)
  if (released === undefined) return []
  return listBreaks(parse(released), parse(await readFile(join(root, presentEvents), 'utf8')))
}

/** Makes the present events the released ones. Throws, and leaves them as they are, when they break their readers. */
export async function acceptEvents(root = rootFolder): Promise<void> {
  const breaks = await checkReleasedEvents(root)
  if (breaks.length > 0)
    throw new Error([...breaks, `refused: these changes break those who read ${releasedEvents}`].join('\n'))
  await copyFile(join(root, presentEvents), join(root, releasedEvents))
}

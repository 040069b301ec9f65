import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeBreachedList } from './make-breached-list.ts'

const breached = 'borrowed umbrella'

function toRange(password: string): { prefix: string; suffix: string } {
  const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
  return { prefix: digest.slice(0, 5), suffix: digest.slice(5) }
}

async function makeFolder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'breached-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

describe('the list of breached passwords', () => {
  const { prefix, suffix } = toRange(breached)
  const others = Array.from(
    { length: 2000 },
    (_, place) => `${place.toString(16).padStart(35, '0').toUpperCase()}:3`,
  )

  it('is read by the first five digits of the hash, in files of either line end', async (t) => {
    for (const end of ['\n', '\r\n']) {
      const list = makeBreachedList(
        await makeFolder(t, { [`${prefix}.txt`]: [...others, `${suffix}:37`].join(end) }),
      )
      assert.equal(await list.has(breached), true)
    }
    const list = makeBreachedList(await makeFolder(t, { [`${prefix}.txt`]: others.join('\n') }))
    assert.equal(await list.has(breached), false)
  })

  it('does not take padding for an entry', async (t) => {
    const list = makeBreachedList(await makeFolder(t, { [`${prefix}.txt`]: `${suffix}:0\r\n` }))
    assert.equal(await list.has(breached), false)
  })

  it('is asked for the password as it was typed and in the form in which it is compared', async (t) => {
    const typed = toRange('cafe\u0301 umbrella')
    const compared = toRange('caf\u00e9 umbrella')
    const folder = await makeFolder(t, {
      [`${typed.prefix}.txt`]: others.join('\n'),
      [`${compared.prefix}.txt`]: `${compared.suffix}:1`,
    })
    assert.equal(await makeBreachedList(folder).has('cafe\u0301 umbrella'), true)
  })

  it('rejects where a file is missing or is no range', async (t) => {
    await assert.rejects(makeBreachedList(await makeFolder(t, {})).has(breached), { code: 'ENOENT' })
    const huge = await makeFolder(t, { [`${prefix}.txt`]: 'x'.repeat(4 * 1024 * 1024 + 1) })
    await assert.rejects(makeBreachedList(huge).has(breached), /no range of breached passwords/)
  })
})

// Loaded before the tests of a mutant: gives one module with one change. What and where stands in this module's own address.
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const { searchParams } = new URL(import.meta.url)
const wanted = searchParams.get('url')
const [start, end] = [Number(searchParams.get('start')), Number(searchParams.get('end'))]
const text = searchParams.get('text') ?? ''

registerHooks({
  load(url, context, nextLoad) {
    if (url !== wanted) return nextLoad(url, context)
    const code = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
    return {
      format: 'module',
      source: code.slice(0, start) + text + code.slice(end),
      shortCircuit: true,
    }
  },
})

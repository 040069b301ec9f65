import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVariables, listVariables } from './configuration-page.ts'

const source = `
export const someVariables = {
  AUTH_ONE: z.string(),
  AUTH_TWO_FILE: z.string().optional(),
}
const settings = [
  ...['CLIENT_ID', 'ISSUER'],
]
`

test('variables of schemas and of platforms are listed once', () => {
  assert.deepEqual(listVariables([source, source.replace(/const settings[\s\S]*/, '')]), [
    'AUTH_ONE',
    'AUTH_TWO_FILE',
    'PLATFORM_<NAME>_CLIENT_ID',
    'PLATFORM_<NAME>_ISSUER',
  ])
})

test('a variable without a row, and a row without a variable, are found', () => {
  const page = '| Variable | Default |\n| `AUTH_ONE`, `AUTH_OLD` | `AUTH_DEFAULT` |\n`AUTH_TWO` in a text'
  assert.deepEqual(compareVariables(['AUTH_ONE', 'AUTH_TWO'], page), [
    'AUTH_TWO: is missing',
    'AUTH_OLD: the service reads no such variable',
  ])
})

import { readFile } from 'node:fs/promises'
import type { WeakPasswords } from './find-weakness.ts'

/** Reads the lists beside this file, which `npm run generate` makes by rule. */
export async function readWeakPasswords(): Promise<WeakPasswords> {
  const [passwords, words] = await Promise.all(['./weak-passwords.txt', './weak-words.txt'].map(readLines))
  return { passwords: new Set(passwords), words: new Set(words) }
}

async function readLines(name: string): Promise<string[]> {
  const text = await readFile(new URL(name, import.meta.url), 'utf8')
  return text.trimEnd().split('\n')
}

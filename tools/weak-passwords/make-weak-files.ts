import { join } from 'node:path'
import { rootFolder } from '../process/root-folder.ts'
import { makeWeakPasswords, makeWeakWords } from './make-weak-passwords.ts'

const folder = join(rootFolder, 'services/auth/src/security/password-policy')

/** The files that the service reads, with what is to stand in them: an entry a line. */
export function makeWeakFiles(): { readonly file: string; readonly text: string }[] {
  return [
    { file: join(folder, 'weak-passwords.txt'), text: toText(makeWeakPasswords()) },
    { file: join(folder, 'weak-words.txt'), text: toText(makeWeakWords()) },
  ]
}

function toText(entries: readonly string[]): string {
  return entries.map((entry) => `${entry}\n`).join('')
}

import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml'
import type { CallerKey } from '../../domain/caller-policy.ts'

/** A caller who gets a key. */
export interface NewCallerKey extends CallerKey {
  readonly id: string
  /** What a caller who is not in the file yet may call. */
  readonly allow: readonly string[]
}

/** The text of a callers file with the key added to its caller, who is added where the file does not know it. Comments stay. */
export function addCallerKey(text: string, { id, allow, kid, jwk }: NewCallerKey): string {
  const document = parseDocument(text)
  const key = document.createNode({ kid, ...jwk }, { flow: true })
  const callers = document.get('callers')
  const known = isSeq(callers)
    ? callers.items.find((item) => isMap(item) && item.get('id') === id)
    : undefined
  if (known === undefined) {
    const entry = document.createNode({ id, allow: [...allow], keys: [] }) as YAMLMap
    entry.set('keys', document.createNode([key]))
    document.addIn(['callers'], entry)
  } else if ((known as YAMLMap).has('keys')) (known as YAMLMap).addIn(['keys'], key)
  else (known as YAMLMap).set('keys', document.createNode([key]))
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}

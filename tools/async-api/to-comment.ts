import type { AnyDesc } from '@bufbuild/protobuf'
import { getComments } from '@bufbuild/protoplugin'

/** The comment above a declaration in its proto, as one paragraph. Throws where it has none. */
export function toComment(desc: AnyDesc): string {
  const comment = getComments(desc as Parameters<typeof getComments>[0])
    .leading?.replace(/\s+/g, ' ')
    .trim()
  if (!comment) throw new Error(`${desc.toString()} has no comment`)
  return comment
}

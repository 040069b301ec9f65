import type { DescField, DescMessage } from '@bufbuild/protobuf'

/**
 * The fields along a dotted path such as `client.client_id`, each by its proto or its JSON name, or undefined where there is no such
 * path. Only single messages are walked through.
 */
export function findFieldPath(
  message: DescMessage,
  path: string,
): readonly [DescField, ...DescField[]] | undefined {
  const [name, ...rest] = path.split('.')
  const field = message.fields.find((one) => one.name === name || one.jsonName === name)
  if (field === undefined || rest.length === 0) return field && [field]
  if (field.fieldKind !== 'message') return undefined
  const below = findFieldPath(field.message, rest.join('.'))
  return below && [field, ...below]
}

/** A path of fields as violations and templates name it: proto names joined by dots. */
export function toFieldName(path: readonly DescField[]): string {
  return path.map(({ name }) => name).join('.')
}

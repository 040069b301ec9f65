import { create, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import type { Canaries } from './canaries.ts'

/**
 * What may be done with the texts of requests: `secret` ones may be found nowhere, e-mail addresses in the users' own columns only, `public` ones are
 * stored and told by their purpose. A field that is missing here fails the suite: whoever adds one says what it is.
 */
const kinds: Readonly<Record<string, 'secret' | 'email' | 'public'>> = Object.freeze({
  access_token: 'secret',
  refresh_token: 'secret',
  password: 'secret',
  current_password: 'secret',
  new_password: 'secret',
  // People type passwords and addresses into it; what is told of it is a keyed hash.
  identifier: 'secret',
  device_token: 'secret',
  auth_code: 'secret',
  state: 'secret',
  proof: 'secret',
  // Comes from the URL that a platform sends a browser to, where anything may stand.
  iss: 'secret',
  email: 'email',
  page_token: 'public',
  after_position: 'public',
  username: 'public',
  display_name: 'public',
  device_name: 'public',
  client_id: 'public',
  audience: 'public',
  required_roles: 'public',
  role: 'public',
  roles: 'public',
  subscription_tier: 'public',
  query: 'public',
  user_id: 'public',
  user_ids: 'public',
  session_id: 'public',
  keep_session_id: 'public',
  request_id: 'public',
  epoch: 'public',
  topics: 'public',
  actions: 'public',
  id: 'public',
  platform: 'public',
  platform_account_id: 'public',
  redirect_uri: 'public',
})

/** Fields of a request message, and of the messages in it, of which nobody has said what they are. */
export function listUnknownFields(message: DescMessage): string[] {
  return listTextFields(message)
    .filter(({ name }) => kinds[name] === undefined)
    .map((field) => `${field}`)
}

/** A good request in which every secret text, and every e-mail address, is a new canary. */
export function plantRequest(
  canaries: Canaries,
  message: DescMessage,
  good: Readonly<Record<string, unknown>>,
): Message {
  const planted = create(message, good as never)
  fill(canaries, message, planted)
  return planted
}

function fill(canaries: Canaries, message: DescMessage, at: Message): void {
  const values = at as unknown as Record<string, unknown>
  for (const field of message.fields) {
    const kind = kinds[field.name]
    const name = `${field.parent.name}.${field.name}`
    if (isText(field) && kind === 'secret') setText(values, field, canaries.make(name))
    else if (isText(field) && kind === 'email') {
      setText(values, field, canaries.makeEmail(name))
    } else if (field.fieldKind === 'message' && values[field.localName] !== undefined) {
      fill(canaries, field.message, values[field.localName] as Message)
    } else if (field.fieldKind === 'list' && field.listKind === 'message') {
      for (const item of values[field.localName] as Message[]) fill(canaries, field.message, item)
    }
  }
}

function setText(values: Record<string, unknown>, field: DescField, text: string): void {
  const { oneof } = field
  if (oneof === undefined || field.proto.proto3Optional) values[field.localName] = text
  // Another of its group may be what the request says.
  else if ((values[oneof.localName] as { case?: string }).case === field.localName) {
    values[oneof.localName] = { case: field.localName, value: text }
  }
}

function isText(field: DescField): boolean {
  return field.fieldKind === 'scalar' && (field.scalar === 9 || field.scalar === 12)
}

function listTextFields(message: DescMessage, seen = new Set<DescMessage>()): DescField[] {
  if (seen.has(message) || message.typeName.startsWith('google.')) return []
  seen.add(message)
  return message.fields.flatMap((field) => {
    if (field.fieldKind === 'message') return listTextFields(field.message, seen)
    if (field.fieldKind === 'list' && field.listKind === 'message') return listTextFields(field.message, seen)
    const isList = field.fieldKind === 'list' && field.listKind === 'scalar'
    return isText(field) || (isList && field.scalar === 9) ? [field] : []
  })
}

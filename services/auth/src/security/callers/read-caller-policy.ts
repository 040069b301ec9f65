import type { CallerEntry, CallerKey, CallerLimit, CallerPolicy, Grant } from '../../domain/caller-policy.ts'
import { findSpiffeId } from '../../domain/spiffe-id.ts'
import { openYaml, type YamlFacts } from './read-yaml.ts'
import { toAddressTest } from './to-address-test.ts'

/** What a callers file is judged by. */
export interface PolicyRules {
  /** The methods there are, each with the fields that `fields` may name. */
  readonly methods: ReadonlyMap<string, ReadonlySet<string>>
  /** Every caller is of it; undefined where the transport proves no names. */
  readonly trustDomain: string | undefined
}

/** A callers file as read: what it says, and every fault with its line. It counts only without faults. */
export interface ReadPolicy {
  readonly policy: CallerPolicy
  /** Such as `line 7: unknown key "allows"`. */
  readonly faults: readonly string[]
}

const anyAddress = () => true
const maxPerSecond = 1_000_000
const coordinate = /^[A-Za-z0-9_-]{43}$/

/** Reads a callers file (YAML 1.2, `callers:` with `id`, `allow`, `limit`, `addresses`, `keys`). What it does not know it refuses. */
export function readCallerPolicy(text: string, rules: PolicyRules): ReadPolicy {
  const yaml = openYaml(text)
  const policy = new Map<string, CallerEntry>()
  const root = yaml.map(yaml.root, ['callers'], 'the file')
  for (const node of yaml.list(root?.get('callers'), 'callers')) {
    const entry = readEntry(yaml, node, rules)
    if (entry === undefined) continue
    if (policy.has(entry.id)) yaml.fault(node, `${entry.id} stands twice`)
    policy.set(entry.id, entry)
  }
  const kids = [...policy.values()].flatMap(({ keys }) => keys.map(({ kid }) => kid))
  const twice = kids.find((kid, index) => kids.indexOf(kid) !== index)
  if (twice !== undefined) yaml.fault(undefined, `two keys have the kid ${twice}`)
  return { policy, faults: yaml.faults }
}

function readEntry(yaml: YamlFacts, node: unknown, rules: PolicyRules): CallerEntry | undefined {
  const map = yaml.map(node, ['id', 'allow', 'limit', 'addresses', 'keys'], 'a caller')
  if (map === undefined) return undefined
  const id = yaml.text(map.get('id'), 'id', node)
  const spiffeId = findSpiffeId(id ?? '')
  if (id !== undefined && spiffeId === undefined) {
    yaml.fault(map.get('id'), `"${id}" is no SPIFFE id such as spiffe://immersiverse/ns/prod/sa/chat-service`)
  } else if (spiffeId && rules.trustDomain !== undefined && spiffeId.trustDomain !== rules.trustDomain) {
    yaml.fault(map.get('id'), `"${id}" is not of the trust domain ${rules.trustDomain}`)
  }
  const grants = readGrants(yaml, map.get('allow'), rules, node)
  const limit = map.has('limit') ? readLimit(yaml, map.get('limit')) : undefined
  const isAddressAllowed = map.has('addresses') ? readAddresses(yaml, map.get('addresses')) : anyAddress
  const keys = map.has('keys') ? readKeys(yaml, map.get('keys')) : []
  return id === undefined ? undefined : { id, grants, limit, isAddressAllowed, keys }
}

function readGrants(yaml: YamlFacts, node: unknown, { methods }: PolicyRules, caller: unknown) {
  const grants = new Map<string, Grant>()
  for (const item of yaml.list(node ?? caller, 'allow')) {
    const [name, fieldsNode] = readMethod(yaml, item)
    if (name === undefined) continue
    const settable = methods.get(name)
    if (settable === undefined) yaml.fault(item, `there is no method "${name}"`)
    if (grants.has(name)) yaml.fault(item, `${name} is allowed twice`)
    const fields = fieldsNode === undefined ? undefined : readFields(yaml, fieldsNode, name, settable)
    grants.set(name, { fields })
  }
  return grants
}

function readMethod(yaml: YamlFacts, item: unknown): [name: string | undefined, fields: unknown] {
  if (!yaml.isMap(item)) return [yaml.text(item, 'a method', item), undefined]
  const map = yaml.map(item, ['method', 'fields'], 'a method')
  return [yaml.text(map?.get('method'), 'method', item), map?.get('fields')]
}

function readFields(
  yaml: YamlFacts,
  node: unknown,
  method: string,
  settable: ReadonlySet<string> = new Set(),
) {
  const fields = new Set<string>()
  for (const item of yaml.list(node, 'fields')) {
    const field = yaml.text(item, 'a field', item)
    if (field === undefined) continue
    if (!settable.has(field)) {
      const known = settable.size === 0 ? 'it has none that can be limited' : [...settable].join(', ')
      yaml.fault(item, `${method} has no optional field "${field}": ${known}`)
    }
    fields.add(field)
  }
  return fields
}

function readLimit(yaml: YamlFacts, node: unknown): CallerLimit | undefined {
  const map = yaml.map(node, ['perSecond', 'burst'], 'limit')
  if (map === undefined) return undefined
  const perSecond = yaml.number(map.get('perSecond'), 'perSecond', { above: 0, max: maxPerSecond }, node)
  const least = { above: 0, max: 10 * maxPerSecond, whole: true }
  const burst = map.has('burst') ? yaml.number(map.get('burst'), 'burst', least, node) : undefined
  if (perSecond === undefined) return undefined
  return { perSecond, burst: burst ?? Math.max(1, Math.ceil(perSecond)) }
}

function readAddresses(yaml: YamlFacts, node: unknown): (address: string) => boolean {
  const ranges = yaml.list(node, 'addresses').flatMap((item) => {
    const range = yaml.text(item, 'an address', item)
    if (range === undefined) return []
    if (toAddressTest([range]) !== undefined) return [range]
    yaml.fault(item, `"${range}" is no address range such as 10.0.0.0/8`)
    return []
  })
  return toAddressTest(ranges) ?? (() => false)
}

function readKeys(yaml: YamlFacts, node: unknown): CallerKey[] {
  return yaml.list(node, 'keys').flatMap((item) => {
    const map = yaml.map(item, ['kid', 'kty', 'crv', 'x', 'y', 'alg', 'use'], 'a key')
    if (map === undefined) return []
    const [kid, kty, crv, x, y] = ['kid', 'kty', 'crv', 'x', 'y'].map((name) =>
      yaml.text(map.get(name), name, item),
    )
    if (kid === undefined || x === undefined || y === undefined) return []
    if (kty !== 'EC' || crv !== 'P-256' || !coordinate.test(x) || !coordinate.test(y)) {
      yaml.fault(item, 'a key must be a public P-256 key: kty EC, crv P-256, x, y')
      return []
    }
    return [{ kid, jwk: { kty, crv, x, y } }]
  })
}

/** Rooms of the service's `src/`: its folders, and its files that stand by themselves. */
type Room = keyof typeof rooms

/** Which rooms each room may import besides itself: the arrows of the house, in one direction. */
const rooms = {
  main: ['compose', 'config'],
  compose: [
    ...['config', 'deps', 'rpc', 'edge', 'use-cases', 'domain', 'security', 'platforms', 'store', 'events'],
    'doctor',
  ],
  authctl: ['compose', 'config', 'rpc', 'use-cases', 'doctor', 'events', 'domain', 'deps'],
  doctor: ['events', 'store', 'domain'],
  config: [],
  deps: ['domain', 'security', 'platforms', 'store'],
  rpc: ['use-cases', 'domain', 'deps'],
  edge: ['rpc', 'use-cases', 'domain', 'deps'],
  'use-cases': ['domain', 'security', 'platforms', 'store', 'deps'],
  security: ['store', 'domain'],
  events: ['store', 'domain'],
  platforms: ['store', 'domain'],
  store: ['domain'],
  domain: [],
} as const satisfies Record<string, readonly string[]>

/**
 * Why a file of the service may not import another, both given below `services/auth/src/`, or undefined when it may.
 * `deps.ts` holds types only, so what it imports it may import as types only.
 */
export function judgeServiceImport(from: string, to: string, typeOnly: boolean): string | undefined {
  const [fromRoom, toRoom] = [toRoomName(from), toRoomName(to)]
  if (!isRoom(fromRoom))
    return `${fromRoom} is no room of the service; give it its arrows in service-rules.ts`
  if (fromRoom === toRoom) return undefined
  const allowed: readonly string[] = rooms[fromRoom]
  if (!allowed.includes(toRoom)) return `${fromRoom} must not import ${toRoom}`
  if (fromRoom === 'deps' && !typeOnly) return `deps imports types only`
  return undefined
}

function toRoomName(path: string): string {
  const [first = ''] = path.split('/')
  return first.replace(/\.ts$/, '')
}

function isRoom(name: string): name is Room {
  return Object.hasOwn(rooms, name)
}

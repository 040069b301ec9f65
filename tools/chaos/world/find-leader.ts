import type { World } from './world.ts'

/** The replica that says of itself, by this metric, that it leads; undefined where none does. */
export async function findLeader(
  { replicas }: Pick<World, 'replicas'>,
  metric: 'auth_relay_leader' | 'auth_revocation_lane_leader',
): Promise<string | undefined> {
  for (const { name, adminUrl } of replicas) {
    const metrics = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(500) })
      .then((response) => response.text())
      .catch(() => '')
    if (metrics.split('\n').includes(`${metric} 1`)) return name
  }
  return undefined
}

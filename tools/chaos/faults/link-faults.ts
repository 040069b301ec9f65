import type { TcpProxy } from '../../parts/tcp-proxy.ts'
import type { FaultContext, FaultKind } from './fault.ts'

function makeLinkFault(
  name: string,
  apply: (link: TcpProxy, context: FaultContext) => void,
  weight: number,
): FaultKind {
  return {
    name,
    weight,
    targets: ({ links }) => [...links.keys()],
    async begin(target, context) {
      const link = context.world.links.get(target)
      if (link === undefined) throw new RangeError(`there is no link ${target}`)
      apply(link, context)
      return () => link.heal()
    },
  }
}

/** Faults of single ways between two processes. */
export const linkFaults: readonly FaultKind[] = Object.freeze([
  makeLinkFault('cut', (link) => link.cut('reset'), 2),
  makeLinkFault('black hole', (link) => link.cut('silent'), 4),
  makeLinkFault('half open', (link) => link.cut('deaf'), 3),
  makeLinkFault('delay', (link, { random }) => link.delay(random.whole(50, 1_500)), 3),
])

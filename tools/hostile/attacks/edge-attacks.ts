import type { Attack, AttackContext } from './attack.ts'
import { flood, repeat } from './repeat.ts'

const login = 'POST /v1/auth/login HTTP/1.1\r\nhost: auth\r\ncontent-type: application/json\r\n'

/** Sends a beginning, then a byte a second. */
function makeSlow(name: string, what: string, beginning: string): Attack {
  const run = (context: AttackContext) =>
    repeat(
      context,
      400,
      (place) => context.connectEdge(`127.0.3.${1 + (place % 100)}`),
      async (peer) => {
        let isOpen = await peer.send(Buffer.from(beginning))
        while (isOpen && !context.signal.aborted) {
          isOpen = await peer.send(Buffer.from('x'))
          context.tally.sent += 1
          await context.pause(1_000)
        }
      },
    )
  return { name, what, ends: 'closed', run }
}

function makeFlood(name: string, what: string, text: string): Attack {
  const run = (context: AttackContext) =>
    repeat(
      context,
      4,
      () => context.connectEdge('127.0.0.2'),
      (peer) => flood(context, peer, () => Buffer.from(text)),
    )
  return { name, what, ends: 'closed', run }
}

/** Attacks on HTTP/1.1. */
export const edgeAttacks: readonly Attack[] = [
  {
    name: 'edge-connection-churn',
    what: 'connections to the edge that are opened and left',
    ends: 'refused',
    run: (context) =>
      repeat(
        context,
        16,
        () => context.connectEdge('127.0.0.2'),
        async () => {
          context.tally.sent += 1
        },
      ),
  },
  makeSlow('edge-slow-headers', 'headers that come byte by byte', `${login}x-slow: `),
  makeSlow('edge-slow-body', 'a body that comes byte by byte', `${login}content-length: 60000\r\n\r\n{`),
  makeFlood('edge-garbage', 'bytes that are no HTTP', 'GET \x00\x01\xff / HTTP/9\r\n\r\n'.repeat(50)),
  makeFlood('edge-large-headers', 'headers of 1 MiB', `${login}x: ${'x'.repeat(1024 * 1024)}\r\n\r\n`),
  makeFlood(
    'edge-large-body',
    'bodies of 1 MiB',
    `${login}content-length: 1048576\r\n\r\n${'x'.repeat(1024 * 1024)}`,
  ),
]

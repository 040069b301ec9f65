import { create } from '@bufbuild/protobuf'
import {
  RevocationSchema,
  RevocationType,
  type WatchRevocationsResponse,
  WatchRevocationsResponseSchema,
} from '@immersiverse/auth-contract'
import { type Link, type LinkState, usualLatencyMs } from '../world/link.ts'
import type { Tamper } from '../world/model-stream.ts'
import type { World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** Ways that break, hold, lose and change. */
export const networkFaults: readonly Fault[] = [
  cut('a way is cut, both ends are told', 'DROPS'),
  cut('a way holds everything back', 'HOLDS'),
  cut('a way loses everything, nobody is told', 'LOSES'),
  {
    name: 'a verifying process is cut off from all instances',
    strike: (world, lastsMs, random) => {
      const name = random.findOne(world.verifiers)?.process.name ?? ''
      const state = random.chooseOne<LinkState>(['DROPS', 'HOLDS', 'LOSES'])
      for (const link of linksOf(world, name)) change(world, link, state, lastsMs)
    },
  },
  {
    name: 'answers to users are lost',
    strike: (world, lastsMs, random) => {
      const link = random.findOne(linksOf(world, world.outside.name))
      if (link !== undefined) change(world, link, 'LOSES', Math.min(lastsMs, 400))
    },
  },
  {
    name: 'a way is slow',
    strike: (world, lastsMs, random) => {
      const link = random.findOne(allLinks(world))
      if (link === undefined) return
      link.latencyMs = random.between(20, 1200)
      // Not as it was: two may strike the same way, and the second would restore the first's.
      world.time.after(lastsMs, () => {
        link.latencyMs = usualLatencyMs
      })
    },
  },
  {
    name: 'connections are reset',
    strike: (world, _lastsMs, random) => random.findOne(allLinks(world))?.breakConnections(),
  },
  tamper('a record is lost', (item) => (item.item.case === 'revocation' ? [] : undefined)),
  tamper('a record comes twice', (item) => [item, item]),
  tamper('a poison record', (item, world) =>
    item.item.case === 'revocation' ? [toPoison(item, world.variant.skipsPoison === true)] : undefined,
  ),
]

function cut(name: string, state: LinkState): Fault {
  return {
    name,
    strike: (world, lastsMs, random) => {
      const link = random.findOne(allLinks(world))
      if (link !== undefined) change(world, link, state, lastsMs)
    },
  }
}

/** Does something to the next record of a verifying process that it fits, once. */
function tamper(
  name: string,
  change: (item: WatchRevocationsResponse, world: World) => readonly WatchRevocationsResponse[] | undefined,
): Fault {
  return {
    name,
    strike: (world, _lastsMs, random) => {
      const verifier = random.findOne(world.verifiers)?.process.name ?? ''
      const once: Tamper<WatchRevocationsResponse> = (item) => {
        const changed = change(item, world)
        if (changed !== undefined) world.tampering.delete(verifier)
        return changed ?? [item]
      }
      world.tampering.set(verifier, once)
    },
  }
}

/** A record of a type that nobody knows, or what a reader makes of it who goes on. */
function toPoison({ item }: WatchRevocationsResponse, isSkipped: boolean): WatchRevocationsResponse {
  const before = item.case === 'revocation' ? item.value : {}
  const other = isSkipped
    ? { type: RevocationType.SESSION, subject: 'nobody' }
    : { type: 99 as RevocationType }
  const value = create(RevocationSchema, { ...before, ...other })
  return create(WatchRevocationsResponseSchema, { item: { case: 'revocation', value } })
}

function change(world: World, link: Link, state: LinkState, lastsMs: number): void {
  link.state = state
  world.time.after(lastsMs, () => {
    link.state = 'WORKS'
  })
}

function linksOf(world: World, name: string): Link[] {
  return world.slots.map((slot) => world.network.between(name, slot.process.name))
}

function allLinks(world: World): Link[] {
  const names = [world.outside, ...world.verifiers.map(({ process }) => process)].map(({ name }) => name)
  return names.flatMap((name) => linksOf(world, name))
}

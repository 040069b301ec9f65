import { chzzk } from './chzzk.ts'
import { discord } from './discord.ts'
import { facebook } from './facebook.ts'
import { kick } from './kick.ts'
import type { PlatformFacts } from './platform-facts.ts'
import { soop } from './soop.ts'
import { twitch } from './twitch.ts'
import { youtube } from './youtube.ts'

/** The platforms that need no more than a client id and a secret, by name. */
export const knownPlatforms: ReadonlyMap<string, PlatformFacts> = new Map(
  [twitch, youtube, facebook, discord, kick, soop, chzzk].map((facts) => [facts.name, facts]),
)

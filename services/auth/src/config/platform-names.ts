/** The platforms that need no more than a client id and a secret. The platforms' own table is compared with it in a test. */
export const platformNames: readonly string[] = Object.freeze([
  'twitch',
  'youtube',
  'facebook',
  'discord',
  'kick',
  'soop',
  'chzzk',
])

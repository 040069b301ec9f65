import { generateKeyPairSync, sign } from 'node:crypto'

/* The limit of a refresh: ES256 signatures of a token's size in a loop. Argument: seconds. Prints {"perSecond"}. */

const seconds = Number(process.argv[2])
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
const input = Buffer.alloc(480, 0x61)
const startMs = performance.now()
let count = 0
while (performance.now() - startMs < seconds * 1000) {
  sign('sha256', input, key)
  count += 1
}
process.stdout.write(JSON.stringify({ perSecond: (count * 1000) / (performance.now() - startMs) }))

import { generateKeyPairSync, sign } from 'node:crypto'
import { startMeter } from './start-meter.ts'

/* The limit of a refresh: ES256 signatures of a token's size in a loop. Argument: seconds. Prints its rate as JSON. */

const seconds = Number(process.argv[2])
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
const input = Buffer.alloc(480, 0x61)
const readRate = startMeter()
const endMs = performance.now() + seconds * 1000
let count = 0
while (performance.now() < endMs) {
  sign('sha256', input, key)
  count += 1
}
process.stdout.write(JSON.stringify(readRate(count)))

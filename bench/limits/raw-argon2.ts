import { hash, verify } from '@node-rs/argon2'
import { startMeter } from './start-meter.ts'

/*
 * The limit of a login: Argon2id checks of the service's cost, two at once at normal priority.
 * Arguments: seconds, KiB, passes. Prints its rate as JSON.
 */

const [seconds, memoryCost, timeCost] = process.argv.slice(2).map(Number)
const hashed = await hash('a password to check', { memoryCost, timeCost, parallelism: 1 } as {
  memoryCost: number
})
const readRate = startMeter()
const endMs = performance.now() + Number(seconds) * 1000
let count = 0
const run = async () => {
  while (performance.now() < endMs) {
    if (!(await verify(hashed, 'a password to check'))) throw new Error('the password was refused')
    count += 1
  }
}
await Promise.all([run(), run()])
process.stdout.write(JSON.stringify(readRate(count)))

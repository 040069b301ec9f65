import { acceptContract, releasedContract } from './released-contract.ts'
import { acceptEvents, checkReleasedEvents, releasedEvents } from './released-events.ts'

try {
  // Both or neither.
  const breaks = await checkReleasedEvents()
  if (breaks.length === 0) await acceptContract()
  await acceptEvents()
  console.log(`accepted: ${releasedContract} and ${releasedEvents} are what later changes must not break`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

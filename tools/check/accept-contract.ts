import { acceptContract, releasedContract } from './released-contract.ts'

try {
  await acceptContract()
  console.log(`accepted: ${releasedContract} is the contract that later changes must not break`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

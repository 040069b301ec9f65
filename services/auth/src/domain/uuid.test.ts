import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toUuidV7 } from './uuid.ts'

it('writes the example of RFC 9562, appendix A.6', () => {
  const random = Buffer.from('0cc3' + '18c4dc0c0c07398f', 'hex')
  assert.equal(toUuidV7(0x017f22e279b0, random), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
})

import { bounds } from '@immersiverse/auth-contract'
import type { FieldViolation } from '../domain/errors.ts'
import type { ClientInfo } from '../domain/session.ts'
import { findViolation, makeTextRule } from '../domain/user-fields.ts'

const clientIdRule = makeTextRule(bounds.clientIdMax)
const deviceNameRule = makeTextRule(bounds.deviceNameMax)
const deviceTokenRule = makeTextRule(bounds.deviceTokenMax)

/** What is wrong with the `client` of a request. */
export function findClientViolations(client: ClientInfo): FieldViolation[] {
  return [
    ...findViolation('client.client_id', client.clientId, clientIdRule),
    ...findViolation('client.device_name', client.deviceName, deviceNameRule),
    ...findViolation('client.device_token', client.deviceToken, deviceTokenRule),
  ]
}

import { connect, type PeerCertificate } from 'node:tls'
import { checkExpiry } from './check-expiry.ts'
import type { Finding } from './finding.ts'
import { toCause } from './to-cause.ts'

const check = 'certificate'
const timeoutMs = 5000

/** Looks whether the certificate that `host:port` shows is valid now and for three weeks more. It does not judge who has signed it. */
export async function checkCertificate(address: string, now: Date): Promise<Finding[]> {
  try {
    const { valid_from, valid_to, subject } = await readCertificate(address)
    const who = `that of ${address} (${subject?.CN ?? 'no name'})`
    return [checkExpiry(check, who, { from: new Date(valid_from), until: new Date(valid_to) }, now)]
  } catch (error) {
    const what = `${address} shows none: ${toCause(error)}`
    return [{ check, severity: 'error', what, remedy: 'see that something listens there with TLS' }]
  }
}

function readCertificate(address: string): Promise<PeerCertificate> {
  const { hostname, port } = new URL(`tls://${address}`)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    // Also what nobody would trust is looked at.
    const options = { host, port: Number(port), rejectUnauthorized: false, timeout: timeoutMs }
    const named = /[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {}
    const socket = connect({ ...options, ...named }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('timeout', () => socket.destroy(new Error(`no answer for ${timeoutMs} ms`)))
  })
}
